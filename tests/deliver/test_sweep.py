"""Sweeping: what is pending and has no message is put back, and sent once."""

from datetime import timedelta

import pytest

from shared.deliver.sweep import SWEEP_AFTER, sweep
from shared.jobs import ids
from shared.jobs.events import Claim
from tests.clock import NOON
from tests.deliver.asking import cancel
from tests.deliver.world import World, in_doubt

EVERY = timedelta(minutes=5)


async def sweeps(world: World, hours: float = 13) -> list[int]:
    """Run the timer for so many hours, delivering in between; give what each run put back."""
    counts = []
    end = world.clock() + timedelta(hours=hours)
    while world.clock() < end:
        world.clock.at += EVERY
        counts.append(await sweep(world.worker()))
        while world.queue.messages and world.queue.messages[0].visible_at <= world.clock():
            await world.deliver_next()
    return counts


@pytest.mark.parametrize("script", ["answered", "lost_answer", "too_many"])
async def test_a_row_whose_message_is_gone_is_sent(script: str) -> None:
    """After a quarter of an hour it is put back, once, and sent."""
    world = World([script])  # type: ignore[list-item]  # a way, by its name
    await world.accepted(count=2)
    world.queue.messages.clear()
    assert sum(await sweeps(world, 0.6)) == 1
    await world.until_quiet()
    await world.check_sent_once()
    assert sum(await sweeps(world)) == 0


async def test_what_is_lost_again_is_put_back_after_twelve_hours() -> None:
    """The windows of two runs overlap, so each time may be followed by one more."""
    world = World()
    await world.accepted()
    put_back = []
    for _ in range(int(timedelta(hours=14) / EVERY)):
        world.queue.messages.clear()
        world.clock.at += EVERY
        if await sweep(world.worker()):
            put_back.append(world.clock() - NOON)
    for after in SWEEP_AFTER:
        assert [at for at in put_back if after <= at <= after + EVERY]
    assert len(put_back) <= 2 * len(SWEEP_AFTER)


async def test_a_doubt_whose_message_is_gone_is_settled() -> None:
    """The outcome of an attempt is found out, and nothing is sent twice."""
    world = await in_doubt("lost_answer")
    world.queue.messages.clear()
    await world.table.delete(*(await first_due(world)))
    assert sum(await sweeps(world, 0.6)) == 1
    await world.until_quiet()
    await world.check_sent_once()


async def first_due(world: World) -> tuple[str, list[str]]:
    partition = await world.table.next_partition("~due") or ""
    return partition, [row.key async for row in world.table.range(partition)]


async def test_what_waits_for_its_time_is_left_alone_unless_its_row_is_gone() -> None:
    """On the schedule it needs nothing; without its row it is put there again."""
    world = World()
    await world.accepted(send_at=(NOON + timedelta(days=3)).isoformat())
    assert sum(await sweeps(world, 1)) == 0
    world = World()
    await world.accepted(send_at=(NOON + timedelta(days=3)).isoformat())
    await world.table.delete(*(await first_due(world)))
    assert sum(await sweeps(world, 1)) == 1
    assert world.queue.messages == []
    await world.until_quiet()
    assert world.clock() == NOON + timedelta(days=3)
    await world.check_sent_once()


async def test_what_is_over_or_unknown_is_left_alone() -> None:
    """Sent, canceled, or nothing but a cancel: none of it comes back."""
    world = World()
    await world.accepted()
    await world.until_quiet()
    assert (await cancel(world.worker(), await world.accepted())).status == 200
    await world.ledger.record(ids.new_id(NOON, 5), Claim(at=NOON, n=1))
    world.queue.messages.clear()
    assert sum(await sweeps(world)) == 0
    assert len(world.twilio.books) == 1


async def test_a_timer_that_did_not_run_for_a_day_looks_at_all_of_it() -> None:
    """Nothing is left out by a gap."""
    world = World()
    await sweep(world.worker())
    for _ in range(3):
        await world.accepted()
        world.clock.move(hours=7)
    world.queue.messages.clear()
    assert await sweep(world.worker()) >= 3
    await world.until_quiet()
    await world.check_sent_once()
