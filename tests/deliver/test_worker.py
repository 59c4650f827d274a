"""Delivering: the ends that are not `sent`."""

from datetime import timedelta
from typing import Any

import pytest

from shared.deliver import send_request
from shared.deliver import worker as worker_module
from shared.deliver.capacity import Capacity
from shared.deliver.next_step import MAX_AGE, MAX_ATTEMPTS
from shared.deliver.worker import park
from shared.errors import StorageUnavailableError
from shared.jobs.events import Accepted, Answer, Outcome
from shared.jobs.job import Job, decode_queue_message
from shared.jobs.request import AnyRequest
from shared.jobs.template import request_of_recipient
from shared.ledger.opt_outs import OptOut
from tests.deliver.asking import accept_batch
from tests.deliver.seams import HoldAt, KillAt, Recorder, RepeatedError
from tests.deliver.twilio_double import Way
from tests.deliver.world import World, numbers


async def state(world: World, job_id: str) -> tuple[str, tuple[str, str] | None]:
    (delivery,) = (await world.entry(job_id)).deliveries
    return delivery.state, delivery.error


async def test_a_refusal_is_final() -> None:
    """What Twilio refuses for good is not asked for again, and its code is kept."""
    world = World(["refused"])
    job_id = await world.accepted()
    await world.until_quiet()
    assert world.twilio.asked == 1
    assert await state(world, job_id) == ("refused", ("21211", "not a valid number"))


async def test_attempts_come_to_an_end() -> None:
    """After the last attempt it is parked, and the queue is empty."""
    world = World(["sender_full"] * 99)
    job_id = await world.accepted()
    await world.until_quiet()
    assert world.twilio.asked == MAX_ATTEMPTS
    assert (await state(world, job_id))[0] == "parked"


OUTAGES: list[Way] = ["too_many", "no_connection", "wrong_token", "unknown"]


@pytest.mark.parametrize("hours", [0.5, 1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("way", OUTAGES)
async def test_an_outage_of_twilio_delays_a_message_and_does_no_more(
    way: Way, hours: float, caplog: pytest.LogCaptureFixture
) -> None:
    """What says nothing about the message is waited out, with a line for each failed try."""
    world = World()
    await world.accepted(count=2)
    ends_at = world.clock() + timedelta(hours=hours)
    world.twilio.during = lambda: way if world.clock() < ends_at else "answered"
    await world.until_quiet()
    await world.check_sent_once()
    failed = [each.message for each in caplog.records if "provider_unreachable" in each.message]
    assert len(failed) == world.twilio.asked - 2
    assert len(failed) > 2


@pytest.mark.parametrize(
    ("more", "hours"),
    [pytest.param({}, 24, marks=pytest.mark.slow), ({"validity_period": 600}, 1 / 6)],
)
@pytest.mark.parametrize("way", OUTAGES)
async def test_what_waits_for_twilio_is_given_up_when_it_is_too_old(
    way: Way, more: dict[str, Any], hours: float
) -> None:
    """It waits for as long as it is worth sending, and is parked then."""
    world = World()
    world.twilio.during = lambda: way
    job_id = await world.accepted(**more)
    begun = world.clock()
    await world.until_quiet()
    assert (await state(world, job_id))[0] == "parked"
    assert ((await state(world, job_id))[1] or ("",))[0] == "expired"
    waited = world.clock() - begun
    assert timedelta(hours=hours) < waited < timedelta(hours=hours, minutes=17)


async def test_one_that_came_too_late_is_parked_unsent() -> None:
    """A job that was stuck for longer than it is worth sending is not sent."""
    world = World()
    job_id = await world.accepted()
    world.clock.move(seconds=MAX_AGE.total_seconds() + 1)
    await world.until_quiet()
    assert world.twilio.asked == 0
    assert (await state(world, job_id))[0] == "parked"


async def test_parking_twice_is_parking_once() -> None:
    """The first reason stands."""
    world = World()
    job_id = await world.accepted()
    for code in ("one", "two"):
        await park(world.worker(), job_id, code, "words")
    assert await state(world, job_id) == ("parked", ("one", "words"))


async def test_a_year_ahead() -> None:
    """It waits on the schedule and on no queue, and is sent at its time by one delivery."""
    world = World()
    at = world.clock() + timedelta(days=365)
    await world.accepted(send_at=at.isoformat())
    assert world.queue.messages == []
    assert await world.until_quiet() == 1
    assert world.twilio.books[0].found.created_at == at
    await world.check_sent_once()


async def test_what_each_recipient_comes_to_is_its_own() -> None:
    """One refused, one retried at its own time, one sent: each ends as it should."""
    world = World(["refused", "too_many", "answered", "too_many"])
    job_id = await world.accepted(count=4)
    await world.until_quiet()
    states = [each.state for each in (await world.entry(job_id)).deliveries]
    assert states == ["refused", "handed_over", "handed_over", "handed_over"]
    assert len(world.twilio.books) == 3


async def test_a_claim_that_the_storage_library_repeated_is_still_ours() -> None:
    """An insert whose answer was lost meets itself, which is not somebody else's claim."""
    world = World()
    await world.accepted()
    repeated: list[str] = []

    async def gate(step: str) -> None:
        if step == "rows.insert after" and not repeated:
            repeated.append(step)
            raise RepeatedError

    assert await world.until_quiet(gate) == 1
    await world.check_sent_once()


async def test_a_claimer_that_was_held_up_begins_nothing() -> None:
    """A worker that stood still after its claim sends nothing when its time to begin is over."""
    recorder = Recorder()
    world = World()
    await world.accepted()
    await world.until_quiet(recorder)
    held_at = recorder.steps.index("carrier.create before") - 1
    world = World()
    await world.accepted()
    gate = HoldAt(held_at)
    gate.let_go.set()

    async def late(step: str) -> None:
        await gate(step)
        if gate.passed == held_at + 1:
            world.clock.move(seconds=11)

    await world.until_quiet(late)
    (entry,) = await world.entries()
    outcomes = [o for e in entry.events for o in getattr(e, "outcomes", ())]
    assert [(each.result, each.code) for each in outcomes] == [
        ("retryable", "not_begun"),
        ("sent", None),
    ]
    await world.check_sent_once()


async def test_twilio_says_that_somebody_has_opted_out() -> None:
    """A stop that never reached us is remembered from Twilio's refusal."""
    world = World(["opted_out"])
    await world.accepted()
    await world.until_quiet()
    await world.accepted()
    await world.until_quiet()
    assert world.twilio.asked == 1
    states = [each.state for entry in await world.entries() for each in entry.deliveries]
    assert states == ["refused", "refused"]


async def test_a_stop_that_cannot_be_noted_puts_nothing_in_doubt() -> None:
    """What Twilio has answered for everybody in a job is kept, whatever becomes of the note."""
    world = World(["opted_out", "answered"])
    job_id = await world.accepted(count=2)
    worker = world.worker()

    async def away(opt_out: OptOut) -> None:
        raise StorageUnavailableError(opt_out.says)

    worker.ledger.opt_outs.note = away  # type: ignore[method-assign]  # the table, for a moment
    await world.deliver_next(worker)
    states = [each.state for each in (await world.entry(job_id)).deliveries]
    assert states == ["refused", "handed_over"]
    assert world.twilio.asked == 2


@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("minutes", [1, 30])
async def test_answers_that_cannot_be_recorded_travel_with_the_job(
    count: int, minutes: float
) -> None:
    """A table that goes away after the sends makes no doubt: the answers come back with the job."""
    world = World(["too_many"])
    await world.accepted(count=count)
    until = world.clock() + timedelta(minutes=minutes)
    is_claimed = False

    async def away(step: str) -> None:
        nonlocal is_claimed
        if step == "carrier.create after":
            is_claimed = True
        if is_claimed and step.startswith("rows") and world.clock() < until:
            raise StorageUnavailableError("rows")

    await world.until_quiet(away)
    await world.check_sent_once()
    assert world.twilio.searched == 0
    assert world.twilio.asked == count + 1


async def test_answers_that_are_too_large_to_travel_are_found_out() -> None:
    """Where they do not fit into a queue message the attempt is settled like any doubt."""
    world = World()
    job_id = await world.accepted(count=100, metadata={str(n): "x" * 250 for n in range(10)})
    job = decode_queue_message(world.queue.messages[0].body)
    assert isinstance(job, Job)
    outcomes = tuple(
        Outcome(index=n, result="sent", sid=f"SM{n:032}", message="x" * 500) for n in range(100)
    )
    world.queue.messages.clear()
    answer = Answer(at=world.clock(), n=1, outcomes=outcomes)
    await worker_module._carry(world.worker(), job, answer)  # noqa: SLF001 - one step of it
    (message,) = world.queue.messages
    carried = decode_queue_message(message.body)
    assert isinstance(carried, Job)
    assert (carried.job, carried.settlement) == (job_id, None)


@pytest.mark.parametrize("index", [0, 2])
async def test_an_error_about_one_recipient_is_that_recipients_alone(
    index: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others of the job are sent to, and nobody stays in doubt."""

    def render(accepted: Accepted, recipient: int) -> AnyRequest:
        if recipient == index:
            raise ValueError("too long")
        return request_of_recipient(accepted, recipient)

    monkeypatch.setattr(send_request, "request_of_recipient", render)
    world = World(["lost_answer"])
    recipients = [{"to": to, "name": str(n)} for n, to in enumerate(numbers(3))]
    fields = {"body": "Hi {{name}}", "recipients": recipients}
    assert (await accept_batch(world.worker(), fields)).status == 202
    await world.until_quiet()
    (entry,) = await world.entries()
    states = [each.state for each in entry.deliveries]
    assert states == ["refused" if n == index else "handed_over" for n in range(3)]
    assert (entry.deliveries[index].error or ("",))[0] == "unsendable"
    assert "too long" in caplog.text


async def test_what_a_lost_worker_cannot_have_sent_is_not_searched_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A recipient for whom nothing can be asked is settled without Twilio."""

    def render(*given: object) -> None:
        raise ValueError(given)

    world = World()
    fields = {"body": "Hi {{name}}", "recipients": [{"to": numbers(1)[0], "name": "Ann"}]}
    assert (await accept_batch(world.worker(), fields)).status == 202
    message = world.queue.take()
    assert message is not None
    recorder = Recorder()
    other = World()
    assert (await accept_batch(other.worker(), fields)).status == 202
    await other.until_quiet(recorder)
    place = recorder.steps.index("carrier.create before")
    await world.deliver(world.worker(KillAt(place)), message)
    monkeypatch.setattr(send_request, "request_of_recipient", render)
    await world.until_quiet()
    (entry,) = await world.entries()
    assert entry.deliveries[0].state == "refused"
    assert world.twilio.searched == 0


async def test_a_bulk_job_that_waited_too_long_goes_back_to_the_queue() -> None:
    """Nothing is claimed, and it is sent when there is a place."""
    world = World()
    job_id = await world.accepted(lane="bulk")
    worker = world.worker()
    worker.bulk_capacity = Capacity(1, patience=0.01)
    message = world.queue.take()
    assert message is not None
    async with worker.bulk_capacity.hold(1):
        assert await world.deliver(worker, message)
    assert (await world.entry(job_id)).claim is None
    (put,) = world.queue.messages
    assert put.visible_at > world.clock()
    await world.until_quiet()
    await world.check_sent_once()


async def test_the_ledgers_row_wins_over_the_queue_message() -> None:
    """A message that says something else under the same id sends what was accepted."""
    world = World()
    job_id = await world.accepted()
    (message,) = world.queue.messages
    message.body = message.body.replace(b"Hello from", b"Goodbye from")
    message.dequeue_count = 1
    await world.until_quiet()
    assert [each.found.body for each in world.twilio.books] == ["Hello from Switchboard"]
    assert (await world.entry(job_id)).deliveries[0].state == "handed_over"
