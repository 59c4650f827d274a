"""Cancelling: what has not left stays, what has left is over, and nothing is both."""

import asyncio
from datetime import timedelta

import pytest

from dev.simulator.phones import Phone
from shared.deliver.cancel import cancel_entry, cancel_unknown
from shared.deliver.worker import park
from shared.jobs.events import Claim, Parked
from shared.kinds import Kind
from shared.provider.rest_api import TwilioProvider
from shared.storage.table import Row
from tests.clock import NOON
from tests.conftest import Simulator
from tests.deliver.asking import cancel, retry
from tests.deliver.seams import HoldAt, Recorder
from tests.deliver.twilio_double import Way
from tests.deliver.world import TO, World, numbers
from tests.environment import NOBODY
from tests.in_memory_app import Reply

KINDS: list[Kind] = ["message", "call"]
STOPPED = {"message": "canceled", "call": "completed"}


def in_days(days: float) -> str:
    return (NOON + timedelta(days=days)).isoformat()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("days", [1, 6.9, 7, 8, 100, 365])
async def test_what_is_scheduled_leaves_at_its_time(kind: Kind, days: float) -> None:
    """However many hops of the queue it takes, it is sent once, and not before."""
    world = World()
    await world.accepted(kind, send_at=in_days(days))
    hops = await world.until_quiet()
    await world.check_sent_once()
    assert timedelta() <= world.clock() - (NOON + timedelta(days=days)) < timedelta(minutes=1)
    assert hops <= days / 6.9 + 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("released", [False, True])
async def test_what_is_canceled_before_its_time_never_leaves(kind: Kind, *, released: bool) -> None:
    """On the schedule or the queue a cancel is a 200, and when its time comes nothing happens."""
    world = World()
    name = await world.accepted(kind, send_at=in_days(30))
    if released:
        world.clock.move(days=30, seconds=-30)
        await world.ledger.schedule.release(world.queue, world.clock)
        assert len(world.queue.messages) == 1
    reply = await cancel(world.worker(), name, kind)
    assert (reply.status, reply.json["state"]) == (200, "canceled")
    await world.until_quiet()
    assert world.twilio.asked == 0
    assert (await cancel(world.worker(), name, kind)).body == reply.body
    assert (await retry(world.worker(), name, kind=kind)).status == 409


async def test_one_recipient_of_many_is_canceled() -> None:
    """The others are sent to; the next one can be canceled after it, and nobody twice."""
    world = World()
    name = await world.accepted(count=4, send_at=in_days(1))
    for index in (2, 0):
        reply = await cancel(world.worker(), f"{name}-{index}")
        assert (reply.status, reply.json["state"]) == (200, "canceled")
        assert (await cancel(world.worker(), f"{name}-{index}")).body == reply.body
    await world.until_quiet()
    assert world.twilio.recipients() == [numbers(4)[1], numbers(4)[3]]
    states = [each.state for each in (await world.entry(name)).deliveries]
    assert states == ["canceled", "handed_over", "canceled", "handed_over"]


async def test_all_recipients_are_canceled_by_the_id_of_the_job() -> None:
    """The job's own id stands for everybody in it who has not been canceled yet."""
    world = World()
    name = await world.accepted(count=3)
    await cancel(world.worker(), f"{name}-1")
    reply = await cancel(world.worker(), name)
    assert [each["state"] for each in reply.json["deliveries"]] == ["canceled"] * 3
    await world.until_quiet()
    assert world.twilio.asked == 0


async def steps_of(kind: Kind, *, of_cancel: bool) -> int:
    world = World()
    recorder = Recorder()
    name = await world.accepted(kind)
    if of_cancel:
        await cancel(world.worker(recorder), name, kind)
    else:
        await world.until_quiet(recorder)
    return len(recorder.steps)


def check_one_won(world: World, kind: Kind, reply: Reply) -> None:
    """Either it was canceled and Twilio has nothing that goes on, or it was sent."""
    statuses = [written.found.status for written in world.twilio.books]
    if reply.status == 409:
        assert statuses == ["queued"]
    else:
        assert reply.status == 200
        assert statuses in ([], [STOPPED[kind]])
        state = reply.json["state"]
        assert state == ("handed_over" if statuses else "canceled")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancel_and_a_send_race_and_one_wins(kind: Kind) -> None:
    """Each of the two stands still at each of its steps while the other goes to its end."""
    for place in range(await steps_of(kind, of_cancel=True)):
        world = World()
        name = await world.accepted(kind)
        hold = HoldAt(place)
        slow_cancel = asyncio.create_task(cancel(world.worker(hold), name, kind))
        await hold.held.wait()
        await world.until_quiet()
        hold.let_go.set()
        check_one_won(world, kind, await slow_cancel)
    for place in range(await steps_of(kind, of_cancel=False)):
        world = World()
        name = await world.accepted(kind)
        message = world.queue.take()
        assert message is not None
        hold = HoldAt(place)
        slow_send = asyncio.create_task(world.deliver(world.worker(hold), message))
        await hold.held.wait()
        reply = await cancel(world.worker(), name, kind)
        hold.let_go.set()
        await slow_send
        await world.until_quiet()
        check_one_won(world, kind, reply)


@pytest.mark.parametrize("kind", KINDS)
async def test_two_cancels_at_once_are_one(kind: Kind) -> None:
    """At whichever step they meet, what was asked for twice is canceled, and never sent."""
    for place in range(await steps_of(kind, of_cancel=True)):
        world = World()
        name = await world.accepted(kind)
        hold = HoldAt(place)
        first = asyncio.create_task(cancel(world.worker(hold), name, kind))
        await hold.held.wait()
        second = await cancel(world.worker(), name, kind)
        hold.let_go.set()
        assert 200 in {(await first).status, second.status}
        await world.until_quiet()
        assert world.twilio.asked == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_being_sent_cannot_be_canceled_now(kind: Kind) -> None:
    """While the outcome is open a cancel is 409 and says to ask again; then it is settled."""
    world = World(["lost_answer"])
    name = await world.accepted(kind)
    await world.deliver_next()
    reply = await cancel(world.worker(), name, kind)
    assert (reply.status, "ask again" in reply.json["detail"]) == (409, True)
    await world.until_quiet()
    await world.check_sent_once()


async def test_one_that_waits_while_another_is_in_doubt_cannot_be_canceled_now() -> None:
    """An attempt that is open is settled first, whomever of the job it concerns."""
    world = World(["too_many", "lost_answer"])
    name = await world.accepted(count=2)
    await world.deliver_next()
    assert (await cancel(world.worker(), f"{name}-0")).status == 409
    await world.until_quiet()
    await world.check_sent_once()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_twilio_still_holds_is_stopped_there(kind: Kind) -> None:
    """A call is hung up, a message canceled; a second time finds that, or a call that is over."""
    world = World()
    name = await world.accepted(kind)
    await world.until_quiet()
    reply = await cancel(world.worker(), name, kind)
    assert reply.status == 200
    shown = (reply.json["state"], reply.json["twilio_status"])
    assert shown == ("handed_over", STOPPED[kind])
    assert [written.found.status for written in world.twilio.books] == [STOPPED[kind]]
    again = await cancel(world.worker(), name, kind)
    assert again.status == (200 if STOPPED[kind] == "canceled" else 409)


async def test_part_of_a_job_is_canceled_here_and_part_at_twilio() -> None:
    """Who has not been sent to never is, who has been is canceled at Twilio, in one request."""
    world = World(["answered", "too_many"])
    name = await world.accepted(count=2)
    await world.deliver_next()
    reply = await cancel(world.worker(), name)
    shown = [(each["state"], each["twilio_status"]) for each in reply.json["deliveries"]]
    assert shown == [("handed_over", "canceled"), ("canceled", None)]
    await world.until_quiet()
    assert len(world.twilio.books) == 1


async def test_what_twilio_cannot_stop_any_more_is_409() -> None:
    """Twilio's no is the answer, though its last word has not reached us."""
    world = World()
    name = await world.accepted()
    await world.until_quiet()
    world.twilio.set_status(world.twilio.books[0].found.sid, "delivered")
    assert (await cancel(world.worker(), name)).status == 409


async def test_where_twilio_is_silent_the_answer_is_to_ask_again() -> None:
    """Nothing is known to have changed, so 503."""
    world = World()
    name = await world.accepted()
    await world.until_quiet()
    world.twilio.silent = True
    assert (await cancel(world.worker(), name)).status == 503


@pytest.mark.parametrize("status", ["delivered", "failed", "undelivered"])
async def test_what_is_over_is_409(status: str) -> None:
    """A final word of Twilio's, or a refusal, leaves nothing to stop."""
    world = World(["answered", "refused"])
    delivered, refused = await world.accepted(), await world.accepted()
    await world.until_quiet()
    await world.report(status)
    for name in (delivered, refused):
        reply = await cancel(world.worker(), name)
        assert (reply.status, reply.json["detail"]) == (409, "it is over already")


async def test_what_is_parked_can_be_canceled() -> None:
    """A message that was given up is closed by a cancel, and is not retried after that."""
    world = World()
    name = await world.accepted()
    parked = Parked(at=world.clock(), code="expired", message="too late")
    await world.ledger.record(name, parked)
    assert (await cancel(world.worker(), name)).json["state"] == "canceled"
    assert (await retry(world.worker(), name)).status == 409
    await world.until_quiet()
    assert world.twilio.asked == 0


async def test_what_was_parked_in_the_middle_of_an_attempt_is_settled_first() -> None:
    """Cancelling one of a job must not let a retry of the others forget an attempt in doubt."""
    world = World(["lost_answer", "lost_answer"])
    name = await world.accepted(count=2)
    await world.deliver_next()
    await park(world.worker(), name, "poison", "the function failed again and again")
    reply = await cancel(world.worker(), f"{name}-0")
    assert (reply.status, "a retry finds out" in reply.json["detail"]) == (409, True)
    assert (await retry(world.worker(), f"{name}-1")).status == 202
    await world.until_quiet()
    assert world.twilio.recipients() == numbers(2)


async def test_a_cancel_whose_claim_is_lost_says_so() -> None:
    """Where a send took the claim a moment ago, the cancel is too late for now."""
    world = World()
    name = await world.accepted()
    entry = await world.entry(name)
    await world.ledger.record(name, Claim(at=world.clock(), n=1, token="another"))
    worker = world.worker()
    with pytest.raises(Exception, match="at this moment"):
        await cancel_entry(worker, entry, None)


async def test_a_cancel_that_meets_itself_has_won() -> None:
    """Where the storage library repeats the insert of a claim, the second one's no is a yes."""
    world = World()
    name = await world.accepted()
    entry = await world.entry(name)
    insert = world.table.insert

    async def repeated(row: Row) -> bool:
        await insert(row)
        return await insert(row)

    world.table.insert = repeated  # type: ignore[method-assign]  # a lost answer, repeated
    canceled = await cancel_entry(world.worker(), entry, None)
    assert canceled.deliveries[0].state == "canceled"


async def test_a_cancel_that_meets_itself_has_won_though_the_others_were_sent_since() -> None:
    """Between the two inserts of a lost answer, a worker may claim the rest of the job."""
    world = World()
    name = await world.accepted(count=2)
    entry = await world.entry(name)
    insert = world.table.insert

    async def repeated(row: Row) -> bool:
        await insert(row)
        world.table.insert = insert  # type: ignore[method-assign]  # the worker loses no answer
        await world.until_quiet()
        return await insert(row)

    world.table.insert = repeated  # type: ignore[method-assign]  # a lost answer, repeated
    canceled = await cancel_entry(world.worker(), entry, 0)
    assert [each.state for each in canceled.deliveries] == ["canceled", "handed_over"]


@pytest.mark.parametrize(("way", "is_canceled"), [("too_many", True), ("answered", False)])
async def test_a_job_that_came_to_be_known_since_is_canceled_like_any_other(
    way: Way, *, is_canceled: bool
) -> None:
    """A worker that was faster has the first claim: what waits is canceled, what left is not."""
    world = World([way])
    name = await world.accepted()
    await world.deliver_next()
    assert await cancel_unknown(world.worker(), name) == is_canceled
    await world.until_quiet()
    assert len(world.twilio.books) == (0 if is_canceled else 1)


async def test_a_ringing_call_is_hung_up_for_real(simulator: Simulator) -> None:
    """Through the twilio library and the simulator: the phone stops ringing, once and for all."""
    simulator.exchange.phones.outside[TO] = Phone(answers=False)
    simulator.exchange.clock.speed = 1
    world = World(TWILIO_API_BASE_URL=simulator.url, PUBLIC_BASE_URL=NOBODY)
    worker = world.worker()
    worker.provider = provider = TwilioProvider(worker.settings, now=world.clock)
    name = await world.accepted("call")
    await world.deliver_next(worker)
    (call,) = simulator.exchange.books.calls.rows.values()
    reply = await cancel(worker, name, "call")
    assert (reply.status, reply.json["state"]) == (200, "handed_over")
    assert reply.json["twilio_status"] in {"canceled", "completed", "no-answer"}
    assert call.status == reply.json["twilio_status"]
    is_canceled = call.status == "canceled"
    assert (await cancel(worker, name, "call")).status == (200 if is_canceled else 409)
    await provider.close()
