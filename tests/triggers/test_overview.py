"""`GET /api/overview`: what is counted, the queues, and whether Twilio answers."""

import asyncio
import inspect
from datetime import timedelta

import pytest

from shared.errors import ProviderUnavailableError, StorageUnavailableError
from shared.jobs.events import Answer, Claim, Outcome
from shared.provider.probe import Probe
from shared.provider.provider import TwilioRecord
from tests.clock import Clock
from tests.in_memory_app import Configure, InMemoryApp


class Twilio:
    """A Twilio that is only asked for one message, and answers, or not."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.asked = 0

    async def fetch(self, kind: str, sid: str) -> TwilioRecord | None:
        assert kind == "message"
        assert sid.startswith("SM")
        self.asked += 1
        if not self.answers:
            raise ProviderUnavailableError("nobody there")
        return None


class SilentTwilio(Twilio):
    """A Twilio that takes the question and never answers."""

    async def fetch(self, kind: str, sid: str) -> TwilioRecord | None:
        del kind, sid
        await asyncio.Event().wait()
        raise AssertionError


@pytest.fixture
def twilio(app: InMemoryApp) -> Twilio:
    answering = Twilio()
    app.services.provider = answering  # type: ignore[assignment] # all of it that is asked for
    return answering


async def test_it_needs_nothing_to_have_happened(app: InMemoryApp, twilio: Twilio) -> None:
    """An empty hour has every name, and Twilio is asked since nothing says how it is."""
    shown = (await app.get("/api/overview")).json
    assert shown["states"] == dict.fromkeys(
        ("scheduled", "accepted", "delivering", "in_doubt", "handed_over", "refused", "parked",
         "canceled"), 0)  # fmt: skip
    assert (shown["looked_at"], shown["truncated"], shown["failures"]) == (0, False, [])
    assert len(shown["minutes"]) == 60
    nothing = {"length": 0, "oldest_seconds": None}
    assert shown["queues"] == dict.fromkeys(("outbound", "outbound-bulk", "inbound"), nothing)
    assert shown["twilio"] == {"answers": True, "at": "2026-11-21T12:00:00Z", "code": None,
                               "by": "asking"}  # fmt: skip
    assert twilio.asked == 1


async def test_it_says_whose_account_it_is(
    app: InMemoryApp, configure: Configure, twilio: Twilio
) -> None:
    """A simulator on this machine is distinguished from a real account, whose sender is named."""
    assert (await app.get("/api/overview")).json["account"] == {
        "simulator": True,
        "sid": "AC" + "0" * 32,
        "sender": "+15005550006",
    }
    real = configure(
        TWILIO_API_BASE_URL="https://api.twilio.com",
        TWILIO_ACCOUNT_SID="AC" + "1" * 32,
        TWILIO_FROM_NUMBER="",
    )
    real.services.provider = twilio  # type: ignore[assignment] # all of it that is asked for
    assert (await real.get("/api/overview")).json["account"] == {
        "simulator": False,
        "sid": "AC" + "1" * 32,
        "sender": None,
    }


async def test_the_queues_say_how_much_waits_and_for_how_long(
    app: InMemoryApp, twilio: Twilio
) -> None:
    """A message that is due has an age, one that is hidden only counts."""
    await app.services.queues.put("outbound", b"{}")
    await app.services.queues.put("outbound-bulk", b"{}", timedelta(hours=1))
    # The queue in memory has a clock of its own; a message that is not due has no age.
    assert twilio.asked == 0
    shown = (await app.get("/api/overview")).json["queues"]
    assert shown["outbound"]["length"] == shown["outbound-bulk"]["length"] == 1
    assert shown["outbound"]["oldest_seconds"] is not None
    assert shown["outbound-bulk"]["oldest_seconds"] is None


async def test_queues_that_are_away_do_not_hide_the_rest(
    app: InMemoryApp, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the queues do not answer, they are null and everything else is shown."""

    async def away() -> dict[str, int]:
        raise StorageUnavailableError("queue: away")

    monkeypatch.setattr(app.queues, "lengths", away)
    shown = (await app.get("/api/overview")).json
    assert shown["queues"] is None
    assert shown["twilio"]["answers"]
    assert twilio.asked == 1


@pytest.mark.parametrize(
    ("outcome", "answers"),
    [
        (Outcome(index=0, result="sent", sid="SM1"), True),
        (Outcome(index=0, result="retryable", code="no_connection"), False),
    ],
)
async def test_the_last_request_says_whether_twilio_answers(
    app: InMemoryApp,
    twilio: Twilio,
    outcome: Outcome,
    answers: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """Twilio is not asked while what was sent says how it is, and is after five minutes."""
    job = (await app.post("/api/messages", {"to": "+14155552671", "body": "Hi"})).json["id"]
    await app.services.ledger.record(job, Claim(at=app.clock(), n=1))
    await app.services.ledger.record(job, Answer(at=app.clock(), n=1, outcomes=(outcome,)))
    shown = (await app.get("/api/overview")).json["twilio"]
    assert shown == {"answers": answers, "at": "2026-11-21T12:00:00Z", "code": outcome.code,
                     "by": "sending"}  # fmt: skip
    assert twilio.asked == 0
    app.clock.move(minutes=5)
    assert (await app.get("/api/overview")).json["twilio"]["by"] == "asking"
    assert twilio.asked == 1


async def test_twilio_is_asked_once_a_minute(clock: Clock) -> None:
    """Twilio is asked once a minute, however often it is called, and its silence is reported."""
    twilio = Twilio()
    probe = Probe(twilio, clock)  # type: ignore[arg-type] # all of it that is asked for
    assert [(await probe()).answers for _ in range(3)] == [True] * 3
    assert twilio.asked == 1
    clock.move(minutes=1)
    twilio.answers = False
    assert not (await probe()).answers
    assert twilio.asked == 2


async def test_a_twilio_that_says_nothing_is_not_waited_for(clock: Clock) -> None:
    """A question without an answer ends after the probe's patience."""
    silent = SilentTwilio()
    probe = Probe(silent, clock, patience=0.01)  # type: ignore[arg-type] # as above
    assert not (await probe()).answers


async def test_two_that_ask_at_once_share_the_answer(clock: Clock) -> None:
    """Twilio is asked once also while it has not answered yet."""
    twilio = Twilio()
    probe = Probe(twilio, clock)  # type: ignore[arg-type] # as above
    first, second = await asyncio.gather(probe(), probe())
    assert first is second
    assert twilio.asked == 1


def test_health_has_three_seconds_for_twilio() -> None:
    """What health waits for ends before that."""
    assert inspect.signature(Probe).parameters["patience"].default < 3
