"""Status to the end: Twilio is asked about what it has not reported the end of."""

import dataclasses
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.deliver.reconcile import reconcile
from shared.errors import ProviderUnavailableError
from shared.jobs import ids
from shared.jobs.events import Answer, Claim, Outcome, Reported
from shared.kinds import Kind
from shared.provider.provider import TwilioRecord
from tests.clock import NOON
from tests.deliver.seams import KillAt, KilledError, Recorder
from tests.deliver.twilio_double import TwilioDouble
from tests.deliver.world import TO, World
from tests.environment import SENDER

FINAL = {"message": "delivered", "call": "completed"}


class Asked(TwilioDouble):
    """Remembers what it was asked about, and is silent after the first `answers` answers."""

    answers: float = float("inf")

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.asked_about: list[str] = []

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        if len(self.asked_about) >= self.answers:
            raise ProviderUnavailableError("silent")
        self.asked_about.append(sid)
        return await super().fetch(kind, sid)

    def end_all(self, status: str | None = None) -> None:
        """Bring everything in the books to its end."""
        for written in list(self.books):
            self.set_status(written.found.sid, status or FINAL[written.order.kind])


def asked() -> tuple[World, Asked]:
    world = World()
    world.twilio = Asked(world)
    return world, world.twilio


async def statuses(world: World) -> set[str | None]:
    return {each.twilio_status for entry in await world.entries() for each in entry.deliveries}


@pytest.mark.parametrize("kind", ["message", "call"])
@pytest.mark.parametrize("count", [1, 3])
async def test_what_was_never_reported_is_asked_for(kind: Kind, count: int) -> None:
    """After twelve hours, and not before, each is asked about once, and its end is known."""
    world, twilio = asked()
    await world.accepted(kind, count)
    await world.until_quiet()
    twilio.end_all()
    assert await reconcile(world.worker()) == 0
    world.clock.move(hours=11, minutes=55)
    assert await reconcile(world.worker()) == 0
    world.clock.move(minutes=10)
    assert await reconcile(world.worker()) == count
    assert await statuses(world) == {FINAL[kind]}
    world.clock.move(hours=10)
    await reconcile(world.worker())
    assert len(twilio.asked_about) == count


async def test_only_what_is_open_is_asked_about() -> None:
    """What ended, was refused or canceled, or never left, costs nothing."""
    world, twilio = asked()
    await world.accepted(count=2)
    await world.until_quiet()
    await world.report("delivered")
    twilio.script.append("refused")
    await world.accepted()
    await world.until_quiet()
    await world.accepted()
    await world.until_quiet()
    open_one = twilio.books[-1].found.sid
    await world.report_one(open_one, "sent")
    await world.accepted(send_at=(NOON + timedelta(days=2)).isoformat())
    world.clock.move(hours=12, minutes=30)
    await reconcile(world.worker())
    assert twilio.asked_about == [open_one]


async def test_a_status_never_moves_back() -> None:
    """What Twilio shows of an earlier moment is not noted over what it has reported."""
    world, twilio = asked()
    name = await world.accepted()
    await world.until_quiet()
    await world.report("sent")
    world.clock.move(hours=12, minutes=30)
    assert await reconcile(world.worker()) == 0
    assert len(twilio.asked_about) == 1
    reported = [e for e in (await world.entry(name)).events if isinstance(e, Reported)]
    assert [event.status for event in reported] == ["sent"]


async def test_the_reason_of_a_failure_is_learned() -> None:
    """Twilio's error code comes with its status, and the note says that it was asked for."""
    world, twilio = asked()
    name = await world.accepted()
    await world.until_quiet()
    (written,) = twilio.books
    failed = TwilioRecord(
        sid=written.found.sid,
        status="undelivered",
        created_at=written.found.created_at,
        error_code="30003",
    )
    twilio.books[0] = replace(written, found=failed)
    world.clock.move(hours=12, minutes=30)
    await reconcile(world.worker())
    entry = await world.entry(name)
    assert entry.deliveries[0].error == ("30003", "the phone is off, or out of reach")
    (report,) = [e for e in entry.events if isinstance(e, Reported)]
    assert report.fields == {"CallbackSource": "asked", "ErrorCode": "30003"}


async def test_what_twilio_does_not_have_any_more_is_left_alone() -> None:
    """A message that was deleted at Twilio keeps its last word."""
    world, twilio = asked()
    await world.accepted()
    await world.until_quiet()
    twilio.books.clear()
    world.clock.move(hours=12, minutes=30)
    assert await reconcile(world.worker()) == 0
    assert len(twilio.asked_about) == 1


async def every_hour(count: int) -> tuple[World, Asked]:
    """A world in which a message was sent in each of some hours, all of which have ended."""
    world, twilio = asked()
    await world.ledger.marks.set(world.clock())
    for _ in range(count):
        await world.accepted()
        await world.until_quiet()
        world.clock.move(hours=1)
    twilio.end_all()
    world.clock.move(hours=12, minutes=5)
    return world, twilio


async def test_a_timer_that_was_away_takes_up_where_it_was() -> None:
    """Every hour since the last mark is looked at, however long nothing ran."""
    world, twilio = await every_hour(5)
    world.clock.move(days=2)
    assert await reconcile(world.worker()) == 5
    assert len(twilio.asked_about) == 5
    assert await statuses(world) == {"delivered"}


async def test_where_twilio_falls_silent_the_next_run_goes_on() -> None:
    """A run that is interrupted ends quietly; what it did is not done again."""
    world, twilio = await every_hour(5)
    twilio.answers = 2
    assert await reconcile(world.worker()) == 2
    twilio.answers = float("inf")
    assert await reconcile(world.worker()) == 3
    assert len(twilio.asked_about) == 5
    assert await statuses(world) == {"delivered"}


async def test_a_run_that_dies_loses_nothing() -> None:
    """Wherever it dies, the next one learns the rest."""
    recorder = Recorder()
    world, _ = await every_hour(2)
    await reconcile(world.worker(recorder))
    # The steps around each question and each mark, which are few among those that only read.
    telling = [n for n, step in enumerate(recorder.steps) if "read" not in step]
    for place in [*telling, *range(0, len(recorder.steps), 200)]:
        world, _ = await every_hour(2)
        with pytest.raises(KilledError):
            await reconcile(world.worker(KillAt(place)))
        await reconcile(world.worker())
        assert await statuses(world) == {"delivered"}


async def test_what_was_sent_long_after_it_was_accepted_is_found() -> None:
    """A scheduled message is asked about twelve hours after it left."""
    world, twilio = asked()
    await world.accepted(send_at=(NOON + timedelta(days=30)).isoformat())
    await world.until_quiet()
    twilio.end_all()
    await reconcile(world.worker())
    world.clock.move(hours=12, minutes=30)
    assert await reconcile(world.worker()) == 1
    assert await statuses(world) == {"delivered"}


async def test_history_is_not_scanned() -> None:
    """What lies before the mark is never read again."""
    world, _ = await every_hour(3)
    await reconcile(world.worker())
    recorder = Recorder()
    world.clock.move(minutes=5)
    await reconcile(world.worker(recorder))
    for _ in range(50):
        await world.accepted()
    await world.until_quiet()
    world.clock.move(hours=30)
    await reconcile(world.worker())
    world.clock.move(minutes=5)
    again = Recorder()
    await reconcile(world.worker(again))
    assert len(again.steps) <= len(recorder.steps) + 2 * 16


async def test_a_stop_is_not_remembered_where_nobody_knows_whose_it_is() -> None:
    """Of a message whose request is lost, what Twilio says is recorded, and nobody is stopped."""
    world, twilio = asked()
    await world.accepted()
    await world.until_quiet()
    (written,) = twilio.books
    found = replace(written.found, status="failed", error_code="21610")
    twilio.books[0] = replace(written, found=found)
    lost = ids.new_id(NOON, 5)
    outcome = Outcome(index=0, result="sent", sid=found.sid)
    await world.ledger.record(lost, Claim(at=NOON, n=1))
    await world.ledger.record(lost, Answer(at=NOON, n=1, outcomes=(outcome,)))
    (entry,) = [each for each in await world.entries() if each.id != lost]
    await world.ledger.record(entry.id, Reported(at=NOON, status="delivered", sid=found.sid))
    world.clock.move(hours=12, minutes=30)
    assert await reconcile(world.worker()) == 1
    assert (await world.entry(lost)).deliveries[0].twilio_status == "failed"
    stopped = await world.ledger.opt_outs.has_stopped(TO, SENDER, world.clock())
    assert not stopped


async def test_a_stop_that_twilio_knows_of_is_remembered_when_it_is_asked() -> None:
    """Code 21610 counts for the entry's own sender and recipient, and the next text is refused."""
    world = World(STATUS_POLL_AFTER_SECONDS="3600")
    await world.accepted()
    await world.until_quiet()
    (written,) = world.twilio.books
    found = dataclasses.replace(written.found, status="failed", error_code="21610")
    world.twilio.books[0] = dataclasses.replace(written, found=found)
    world.clock.move(minutes=62)
    await reconcile(world.worker())
    world.clock.move(seconds=2)
    name = await world.accepted()
    await world.until_quiet()
    assert (await world.entry(name)).deliveries[0].state == "refused"
    assert world.twilio.asked == 1
