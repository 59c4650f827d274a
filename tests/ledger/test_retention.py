"""Forgetting: what ended long ago goes as a whole, and nothing else does."""

from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from shared.deliver.reconcile import reconcile
from shared.jobs import ids
from shared.jobs.events import Claim, Reported
from shared.kinds import Kind
from shared.ledger.digests import Digests
from shared.ledger.ledger import Ledger
from shared.ledger.opt_outs import PARTITION, OptOut
from shared.ledger.retention import Forgotten, forget_before
from shared.storage.table import Row
from tests.clock import NOON
from tests.deliver.asking import accept_batch, cancel, cancel_batch, retry, retry_batch, show_batch
from tests.deliver.seams import KillAt, KilledError, Recorder, TableSeam
from tests.deliver.world import TO, World, numbers
from tests.environment import DIGESTS
from tests.ledger.counted_rows import CountedRows
from tests.ledger.histories import accepted

LATER = {"days": 91, "hours": 12}


async def rows_of(world: World) -> list[Row]:
    """Every row in the table."""
    found: list[Row] = []
    partition = await world.table.next_partition("")
    while partition is not None:
        found += [row async for row in world.table.range(partition)]
        partition = await world.table.next_partition(f"{partition}\x01")
    return found


async def forgotten(world: World, ledger: Ledger | None = None) -> Forgotten:
    """What a run at this moment forgets."""
    return await forget_before(ledger or world.ledger, world.clock() - timedelta(days=90))


async def full_world() -> World:
    """A world with everything that leaves rows: keys, answers, notes, owners, batches, reports."""
    world = World(["refused", "lost_answer", "answered", "refused"], DAILY_CAP_TOTAL="1000")
    refused = await world.accepted(key="one")
    await world.until_quiet()
    await world.accepted("call", key="two")
    await world.until_quiet()
    await world.accepted(send_at=(world.clock() + timedelta(hours=1)).isoformat())
    await world.until_quiet()
    fields = {"body": "Hi", "recipients": [{"to": to} for to in numbers(2)]}
    batch = (await accept_batch(world.worker(), fields, "three")).json["id"]
    await world.until_quiet()
    assert (await retry(world.worker(), refused, "four")).status == 202
    assert (await retry_batch(world.worker(), batch, "five")).status == 202
    await world.until_quiet()
    await world.report()
    await reconcile(world.worker())
    world.queue.drop(b"{")
    await world.until_quiet()
    return world


async def test_everything_of_an_old_job_goes() -> None:
    """Events, keys, answers, notes, owners and batches: but for the last mark nothing is left."""
    world = await full_world()
    names = {row.partition.partition("-")[0] for row in await rows_of(world)}
    assert {"~batch", "~cap", "~key", "~late", "~owner", "~reconciled"} <= names
    assert (await forgotten(world)) == Forgotten()
    world.clock.move(**LATER)
    total = await forgotten(world)
    assert total.jobs == 5
    assert total.rows > total.jobs
    assert [row.partition for row in await rows_of(world)] == ["~reconciled"]
    assert await forgotten(world) == Forgotten()


async def test_a_run_that_dies_anywhere_is_completed_by_the_next() -> None:
    """Nothing of what a run has half forgotten stays behind, or stands in a reader's way."""
    recorder = Recorder()
    world = await full_world()
    world.clock.move(**LATER)
    await forgotten(world, Ledger(TableSeam(world.table, recorder), DIGESTS))
    deletes = [n for n, step in enumerate(recorder.steps) if "delete" in step]
    for place in [*deletes[::2], *range(0, len(recorder.steps), 60)]:
        world = await full_world()
        world.clock.move(**LATER)
        with suppress(KilledError):
            await forgotten(world, Ledger(TableSeam(world.table, KillAt(place)), DIGESTS))
        await world.entries()
        await forgotten(world)
        assert [row.partition for row in await rows_of(world)] == ["~reconciled"]


@pytest.mark.parametrize("kind", ["message", "call"])
async def test_what_is_recent_stays(kind: Kind) -> None:
    """What was accepted long ago, but reported on or retried since, is as young as that."""
    world = World()
    name = await world.accepted(kind, key="one")
    await world.until_quiet()
    world.clock.move(days=60)
    report = Reported(at=world.clock(), status="undelivered", sid=world.twilio.books[0].found.sid)
    await world.ledger.record(name, report)
    world.clock.move(days=60)
    assert await forgotten(world) == Forgotten()
    await world.entry(name)
    again = await world.accepted(kind, key="one")
    assert again == name
    world.clock.move(days=60)
    assert (await forgotten(world)).jobs == 1


async def test_what_waits_for_its_time_stays() -> None:
    """A message, and a batch with its key, for a day in a year are still there, and are sent."""
    world = World()
    send_at = (NOON + timedelta(days=300)).isoformat()
    name = await world.accepted(send_at=send_at, key="one")
    fields = {"body": "Hi", "recipients": [{"to": to} for to in numbers(1)], "send_at": send_at}
    first = await accept_batch(world.worker(), fields, "two")
    for _ in range(3):
        world.clock.move(days=80)
        assert await forgotten(world) == Forgotten()
    assert await world.accepted(send_at=send_at, key="one") == name
    assert (await accept_batch(world.worker(), fields, "two")).body == first.body
    batch = first.json["id"]
    assert (await show_batch(world.worker(), batch)).json["states"] == {"scheduled": 1}
    await world.until_quiet()
    assert world.twilio.recipients() == sorted([TO, *numbers(1)])
    world.clock.move(**LATER)
    assert (await forgotten(world)).jobs == 2
    assert (await show_batch(world.worker(), batch)).status == 404


async def test_what_was_canceled_is_not_sent_because_it_was_forgotten() -> None:
    """While its queue message is still on its way, a canceled message is kept, however short."""
    world = World()
    name = await world.accepted(send_at=(NOON + timedelta(days=30)).isoformat())
    assert (await cancel(world.worker(), name)).status == 200
    while (message := await world.take()) is not None:
        await forget_before(world.ledger, world.clock() - timedelta(days=1))
        await world.deliver(world.worker(), message)
    assert world.twilio.asked == 0
    assert (await world.entry(name)).deliveries[0].state == "canceled"
    world.clock.move(days=31)
    assert (await forget_before(world.ledger, world.clock() - timedelta(days=1))).jobs == 1


async def test_a_batch_of_which_one_job_is_left_stays() -> None:
    """It can be looked at and canceled as long as anything of it can."""
    world = World()
    fields = {"body": "Hi", "recipients": [{"to": TO}, {"to": f"whatsapp:{TO}"}]}
    batch = (await accept_batch(world.worker(), fields)).json["id"]
    await world.deliver_next()
    world.clock.move(days=60)
    assert (await cancel_batch(world.worker(), batch)).status == 200
    world.clock.move(days=60)
    assert (await forgotten(world)).jobs == 1
    assert (await show_batch(world.worker(), batch)).status == 200
    world.clock.move(days=60)
    assert (await forgotten(world)).jobs == 1
    assert (await show_batch(world.worker(), batch)).status == 404


async def test_what_is_pending_stays() -> None:
    """A row whose message is gone is kept, however old, until that is repaired or canceled.

    What was never accepted goes: nobody can send it.
    """
    world = World()
    name = await world.accepted()
    world.queue.messages.clear()
    orphan = ids.new_id(NOON, 99)
    await world.ledger.record(orphan, Reported(at=NOON, status="sent"))
    await world.ledger.record(ids.new_id(NOON, 98), Claim(at=NOON, n=1))
    world.clock.move(**LATER)
    assert (await forgotten(world)).jobs == 2
    assert (await world.entry(name)).deliveries[0].state == "accepted"
    assert (await cancel(world.worker(), name)).status == 200
    assert (await forgotten(world)).jobs == 0
    world.clock.move(**LATER)
    assert (await forgotten(world)).jobs == 1


async def test_opt_outs_are_never_forgotten() -> None:
    """A stop holds until a start, however long ago it was said."""
    world = World()
    stop = OptOut(at=NOON, number=TO, sender="+15005550006", says="stop", sid="SM1")
    await world.ledger.opt_outs.note(stop)
    world.clock.move(days=4000)
    await forgotten(world)
    assert [row.partition for row in await rows_of(world)] == [PARTITION]


async def test_many_days_are_forgotten_at_once() -> None:
    """A timer that did not run for weeks makes up for it."""
    world = World()
    for _ in range(20):
        await world.accepted()
        await world.until_quiet()
        world.clock.move(days=1)
    world.clock.move(days=79)
    assert (await forgotten(world)).jobs == 9
    world.clock.move(days=90)
    assert (await forgotten(world)).jobs == 11
    assert await rows_of(world) == []


async def test_a_run_that_has_had_enough_is_gone_on_with() -> None:
    """A run that is told so ends between two jobs, says that it did, and the next one goes on."""
    world = World()
    for _ in range(30):
        await world.accepted()
        world.clock.move(seconds=1)
    await world.until_quiet()
    world.clock.move(**LATER)
    left, runs, jobs = iter(range(1000)), 0, 0
    while runs < 100:
        budget = next(left) + 20
        looks = iter([False] * budget)
        before = world.clock() - timedelta(days=90)
        total = await forget_before(world.ledger, before, enough=partial(next, looks, True))  # noqa: FBT003 - next takes no name
        runs, jobs = runs + 1, jobs + total.jobs
        if total.complete:
            break
    assert jobs == 30
    assert runs > 1
    assert await rows_of(world) == []


async def test_many_jobs_go_in_one_request() -> None:
    """Jobs of one shard are deleted together, a hundred rows a request, their index with them."""
    world = World()
    recorder = Recorder()
    for number in range(64):
        job = ids.new_id(NOON, number)
        await world.ledger.record(job, accepted(TO))
        claim = Claim(at=NOON, n=1, by="cancel")
        await world.ledger.record(job, claim)
    world.clock.move(**LATER)
    ledger = Ledger(TableSeam(world.table, recorder), DIGESTS)
    assert (await forgotten(world, ledger)) == Forgotten(jobs=64, rows=64 * 3)
    assert await rows_of(world) == []
    deletes = [step for step in recorder.steps if step == "rows.delete before"]
    assert len(deletes) == 2 + len(["old marks"])


async def test_what_an_older_key_left_in_the_index_goes_with_its_day() -> None:
    """Index rows under a key that was replaced go once nothing else of their day is left."""
    world = World()
    older = Ledger(world.table, Digests(("a key of some time ago",)))
    kept, gone = ids.new_id(NOON, 1), ids.new_id(NOON, 2)
    for job in (kept, gone):
        await older.record(job, accepted(TO))
        await older.record(job, Claim(at=NOON, n=1, by="cancel"))
    world.clock.move(days=60)
    await older.record(kept, Reported(at=world.clock(), status="sent"))
    world.clock.move(days=60)
    assert (await forgotten(world)).jobs == 1
    assert len([row for row in await rows_of(world) if row.key[0] == "~"]) == 2
    world.clock.move(days=60)
    assert (await forgotten(world)).jobs == 1
    assert await rows_of(world) == []


async def test_the_day_that_is_half_over_is_read_from_its_old_half() -> None:
    """Of the day in which what is old begins, nothing younger is read, hour after hour."""
    table = CountedRows()
    ledger = Ledger(table, DIGESTS)
    for minute in range(60):
        at = NOON + timedelta(minutes=minute)
        await ledger.record(ids.new_id(at, minute), accepted(TO, at=at))
    await forget_before(ledger, NOON + timedelta(minutes=10))
    assert table.read_rows == 11
