"""An operator's retry: one further attempt for what failed, after the same settling of doubt."""

import asyncio

import pytest

from shared.jobs.events import Parked, Retried
from shared.kinds import Kind
from shared.ledger.erasure import erase
from tests.deliver.asking import cancel, retry
from tests.deliver.queue_double import POISON
from tests.deliver.seams import HoldAt, KillAt, KilledError, Recorder
from tests.deliver.world import TO, World, numbers

KINDS: list[Kind] = ["message", "call"]


async def refused(kind: Kind = "message", count: int = 1) -> tuple[World, str]:
    """A world in which everybody in a job was refused."""
    world = World(["refused"] * count)
    name = await world.accepted(kind, count)
    await world.until_quiet()
    return world, name


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_refused_is_sent_again(kind: Kind) -> None:
    """202 with the entry, open again; then it is sent, and there is nothing left to retry."""
    world, name = await refused(kind)
    reply = await retry(world.worker(), name, kind=kind)
    assert (reply.status, reply.json["state"]) == (202, "accepted")
    assert reply.json["events"][-1]["event"] == "retried.1"
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.asked == 2
    assert (await retry(world.worker(), name, kind=kind)).status == 409


async def test_what_is_refused_again_can_be_retried_again() -> None:
    """Each retry is one further attempt."""
    world, name = await refused()
    world.twilio.script.extend(["refused", "refused", "answered"])
    for asked in (2, 3, 4):
        assert (await retry(world.worker(), name)).status == 202
        await world.until_quiet()
        assert world.twilio.asked == asked
    await world.check_sent_once()


async def test_only_those_that_failed_are_sent_again() -> None:
    """Of a job that was refused in part, the others are left alone."""
    world = World(["answered", "refused", "answered", "refused"])
    name = await world.accepted(count=4)
    await world.until_quiet()
    assert (await retry(world.worker(), f"{name}-0")).status == 409
    assert (await retry(world.worker(), name)).status == 202
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.asked == 6


async def test_one_recipient_of_many_is_retried() -> None:
    """The others that failed stay as they are, and can be retried after it."""
    world, name = await refused(count=3)
    assert (await retry(world.worker(), f"{name}-1")).json["state"] == "accepted"
    await world.until_quiet()
    assert world.twilio.recipients() == [numbers(3)[1]]
    assert (await retry(world.worker(), name)).status == 202
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.asked == 6


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_parked_in_doubt_is_settled_first(kind: Kind) -> None:
    """A message that Twilio took is found by the retry, and is not sent a second time."""
    world = World(["lost_answer"])
    name = await world.accepted(kind)
    message = await world.deliver_next()
    world.queue.done(message)
    world.queue.drop(message.body, f"outbound{POISON}")
    world.queue.messages = [m for m in world.queue.messages if m.queue.endswith(POISON)]
    await world.until_quiet()
    assert (await world.entry(name)).deliveries[0].state == "parked"
    assert (await retry(world.worker(), name, kind=kind)).status == 202
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_retry_begins_the_life_of_a_message_anew() -> None:
    """What expired while it was parked is sent when an operator asks for it, a month later."""
    world = World()
    name = await world.accepted(validity_period=60)
    world.clock.move(minutes=5)
    await world.until_quiet()
    assert (await world.entry(name)).deliveries[0].error == (
        "expired",
        "it could not be sent while it was worth sending",
    )
    world.clock.move(days=30)
    assert (await retry(world.worker(), name)).status == 202
    await world.until_quiet()
    await world.check_sent_once()


async def steps_of_a_retry() -> int:
    world, name = await refused()
    recorder = Recorder()
    await retry(world.worker(recorder), name)
    return len(recorder.steps)


async def test_two_retries_at_once_are_one_further_attempt() -> None:
    """At whichever step they meet, and whatever is delivered in between."""
    for place in range(await steps_of_a_retry()):
        for second_is in ("sent", "refused", "not delivered yet"):
            world, name = await refused()
            if second_is == "refused":
                world.twilio.script.append("refused")
            hold = HoldAt(place)
            first = asyncio.create_task(retry(world.worker(hold), name))
            await hold.held.wait()
            await retry(world.worker(), name)
            if second_is != "not delivered yet":
                await world.until_quiet()
            hold.let_go.set()
            await first
            await world.until_quiet()
            entry = await world.entry(name)
            opened = sum(isinstance(event, Retried) for event in entry.events)
            assert world.twilio.asked == 1 + opened
            # Before it has looked, the first cannot know that the second was there already.
            assert opened == 1 or (second_is == "refused" and place < 2)
            assert len(world.twilio.books) == (opened == 2 or second_is != "refused")


async def test_retries_of_two_recipients_at_once_are_both_made() -> None:
    """One row decides between them, and the one that loses it asks again."""
    for place in range(await steps_of_a_retry()):
        world, name = await refused(count=2)
        hold = HoldAt(place)
        first = asyncio.create_task(retry(world.worker(hold), f"{name}-0"))
        await hold.held.wait()
        assert (await retry(world.worker(), f"{name}-1")).status == 202
        hold.let_go.set()
        assert (await first).status == 202
        await world.until_quiet()
        await world.check_sent_once()
        assert world.twilio.asked == 4


async def test_a_retry_that_died_is_no_harm() -> None:
    """Wherever it dies, the message is sent again at most once, and can be asked for again."""
    for place in range(await steps_of_a_retry()):
        world, name = await refused()
        with pytest.raises(KilledError):
            await retry(world.worker(KillAt(place)), name)
        await world.until_quiet()
        if not world.twilio.books:
            assert (await retry(world.worker(), name)).status == 202
            await world.until_quiet()
        await world.check_sent_once()
        assert world.twilio.asked == 2


async def test_a_cancel_and_a_retry_of_what_is_parked_race() -> None:
    """Either it is canceled or it is sent, and never both, whoever stands still where."""
    for place in range(await steps_of_a_retry()):
        world = World()
        name = await world.accepted()
        world.queue.messages.clear()
        await world.ledger.record(name, Parked(at=world.clock(), code="poison", message="x"))
        hold = HoldAt(place)
        slow = asyncio.create_task(retry(world.worker(hold), name))
        await hold.held.wait()
        canceled = (await cancel(world.worker(), name)).status == 200
        hold.let_go.set()
        await slow
        await world.until_quiet()
        state = (await world.entry(name)).deliveries[0].state
        assert (state, world.twilio.asked) == (("canceled", 0) if canceled else ("handed_over", 1))


async def test_what_has_not_failed_cannot_be_retried() -> None:
    """What is accepted, on its way or at Twilio is 409, and nothing is put on the queue."""
    world = World()
    name = await world.accepted()
    before = len(world.queue.messages)
    assert (await retry(world.worker(), name)).status == 409
    assert len(world.queue.messages) == before


async def test_whoever_was_erased_is_not_sent_to_again() -> None:
    """Nothing is left to retry; what an earlier retry had opened is refused here."""
    world, name = await refused()
    again, later = await refused(), world.worker()
    assert (await retry(again[0].worker(), again[1])).status == 202
    for each in (world, again[0]):

        async def cancel_entry(*_: object) -> None:
            return None

        await erase(each.ledger, TO, cancel=cancel_entry)
        await each.until_quiet()
        assert each.twilio.asked == 1
    assert (await retry(later, name)).status == 409


async def test_what_could_not_be_read_cannot_be_retried() -> None:
    """There is nothing to send in a queue message that made no sense."""
    world = World()
    world.queue.drop(b"{")
    await world.until_quiet()
    (entry,) = await world.entries()
    reply = await retry(world.worker(), entry.id)
    assert (reply.status, "could not be read" in reply.json["detail"]) == (409, True)
