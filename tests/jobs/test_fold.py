"""The fold: one entry from a set of events, whatever order they came in."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.events import (
    Answer,
    AnyEvent,
    AttemptResult,
    Claim,
    Doubt,
    Outcome,
    Parked,
    Reported,
    Retried,
)
from shared.jobs.fold import fold
from shared.provider.statuses import rank
from tests.clock import NOON
from tests.ledger.histories import JOB, TO, accepted, histories, sid

SEND = Claim(at=NOON, n=1, token="t", until=NOON + timedelta(seconds=10))
CANCEL = Claim(at=NOON, n=1, by="cancel")
LATER = NOON + timedelta(hours=1)


def outcome(result: AttemptResult, index: int = 0, **more: str) -> Outcome:
    return Outcome(
        index=index,
        result=result,
        sid=more.get("sid"),
        status=more.get("status"),
        code=more.get("code"),
        message=more.get("message"),
    )


def answer(*outcomes: Outcome, n: int = 1) -> Answer:
    return Answer(at=NOON, n=n, outcomes=outcomes)


def doubt(*outcomes: Outcome, n: int = 1) -> Doubt:
    return Doubt(at=NOON, n=n, outcomes=outcomes)


def reported(status: str, at_seconds: int = 0, **fields: str) -> Reported:
    at = NOON + timedelta(seconds=at_seconds)
    return Reported(at=at, status=status, sid=sid(0), fields=fields)


GOT_SID = outcome("sent", sid=sid(0), status="queued")
REFUSED = outcome("rejected", code="21211", message="no")
PARKED = Parked(at=NOON, code="gave_up", message="too often")


@given(histories(), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(history: list[AnyEvent], dice: random.Random) -> None:
    """Every permutation of the same events, some of them twice, folds to the same entry."""
    shuffled = history + dice.choices(history, k=3)
    dice.shuffle(shuffled)
    assert fold(JOB, shuffled) == fold(JOB, history)


@given(histories(), st.randoms(use_true_random=False))
def test_more_news_never_takes_anything_back(history: list[AnyEvent], dice: random.Random) -> None:
    """Whatever arrives later, a SID stays known and Twilio's status only moves forward."""
    known = [history[0], *dice.sample(history[1:], dice.randint(0, len(history) - 1))]
    before, after = fold(JOB, known), fold(JOB, history)
    for old, new in zip(before.deliveries, after.deliveries, strict=True):
        if old.sid:
            assert new.sid
            assert new.state == "handed_over"
        if old.twilio_status and new.twilio_status:
            assert rank(new.twilio_status) >= rank(old.twilio_status)


@given(histories())
def test_a_known_sid_is_handed_over(history: list[AnyEvent]) -> None:
    """A recipient is handed over exactly if some event names a SID for it."""
    named = set()
    for event in history:
        if isinstance(event, Reported):
            named.add(event.index or 0)
        if isinstance(event, Answer | Doubt):
            named |= {each.index for each in event.outcomes if each.sid}
    deliveries = fold(JOB, history).deliveries
    assert {each.index for each in deliveries if each.state == "handed_over"} == named
    assert {each.index for each in deliveries if each.sid} == named


@pytest.mark.parametrize(
    ("state", "events"),
    [
        ("accepted", [accepted()]),
        ("scheduled", [accepted(send_at=LATER)]),
        ("delivering", [accepted(), SEND]),
        ("delivering", [accepted(send_at=LATER), SEND]),
        ("in_doubt", [accepted(), SEND, doubt(outcome("unknown"))]),
        ("handed_over", [accepted(), SEND, answer(GOT_SID)]),
        ("handed_over", [accepted(), SEND, doubt(GOT_SID)]),
        ("handed_over", [accepted(), SEND, reported("sent")]),
        ("handed_over", [accepted(), CANCEL, reported("sent")]),
        ("handed_over", [accepted(), SEND, doubt(outcome("unknown")), answer(GOT_SID)]),
        ("refused", [accepted(), SEND, answer(REFUSED)]),
        ("accepted", [accepted(), SEND, answer(outcome("retryable"))]),
        ("accepted", [accepted(), SEND, doubt(outcome("unknown")), answer(outcome("not_created"))]),
        ("parked", [accepted(), PARKED]),
        ("parked", [accepted(), SEND, answer(outcome("retryable")), PARKED]),
        ("parked", [PARKED]),
        ("canceled", [accepted(), CANCEL]),
        ("canceled", [accepted(send_at=LATER), CANCEL]),
        ("accepted", [accepted(), PARKED, Retried(at=LATER, k=1, after=0)]),
        ("accepted", [accepted(), SEND, answer(REFUSED), Retried(at=LATER, k=1, after=1)]),
        ("parked", [accepted(), PARKED, Retried(at=LATER, k=1, after=0),
                    Parked(at=LATER, k=1, code="again", message="")]),
    ],
)  # fmt: skip
def test_state_follows_from_the_events(state: str, events: list[AnyEvent]) -> None:
    """Each way through a message's life ends in its own state."""
    entry = fold(JOB, events)
    assert [each.state for each in entry.deliveries] == [state]
    waiting = {"accepted", "scheduled", "delivering", "in_doubt"}
    assert entry.pending == ((0,) if state in waiting else ())


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (None, [accepted()]),
        (None, [accepted(), SEND, answer(GOT_SID)]),
        (("21211", "no"), [accepted(), SEND, answer(REFUSED)]),
        (("20429", ""), [accepted(), SEND, answer(outcome("retryable", code="20429"))]),
        (("gave_up", "too often"), [accepted(), SEND, answer(outcome("retryable", code="20429")),
                                    PARKED]),
        (("30003", "the phone is off, or out of reach"),
         [accepted(), SEND, answer(GOT_SID), reported("undelivered", ErrorCode="30003")]),
        (("30003", "gone"), [accepted(), reported("sent", ErrorCode="1"),
                             reported("failed", ErrorCode="30003", ErrorMessage="gone")]),
        (("1", "Twilio reported 1"), [accepted(), reported("failed", ErrorCode="1")]),
        (None, [accepted(), reported("undelivered", ErrorCode="30008"), reported("delivered", 1)]),
        (None, [accepted(), reported("undelivered", ErrorCode="30008"), reported("read", 1)]),
        (("30008", "the carrier gives no reason"),
         [accepted(), reported("undelivered"), reported("undelivered", 1, ErrorCode="30008")]),
    ],
)  # fmt: skip
def test_error_says_why(error: tuple[str, str] | None, events: list[AnyEvent]) -> None:
    """What an entry gives as its error is the furthest word on why it did not arrive."""
    assert fold(JOB, events).deliveries[0].error == error


def test_each_recipient_has_its_own_story() -> None:
    """In a job of three, a SID, a refusal and a report concern the recipient they name."""
    late = Reported(at=NOON, status="delivered", sid=sid(2), index=2)
    told = answer(GOT_SID, outcome("rejected", 1), outcome("retryable", 2))
    events: list[AnyEvent] = [accepted(*TO), SEND, told, late]
    entry = fold(JOB, events)
    assert [each.id for each in entry.deliveries] == [f"{JOB}-{index}" for index in range(3)]
    assert [each.to for each in entry.deliveries] == list(TO)
    assert [each.state for each in entry.deliveries] == ["handed_over", "refused", "handed_over"]
    assert [each.sid for each in entry.deliveries] == [sid(0), None, sid(2)]
    assert [each.twilio_status for each in entry.deliveries] == ["queued", None, "delivered"]


def test_a_claim_may_concern_some_only() -> None:
    """An attempt for one recipient leaves the others where they are."""
    second = Claim(at=NOON, n=2, token="u", indexes=(1,))
    cancel = Claim(at=NOON, n=3, by="cancel", indexes=(0,))
    states = [each.state for each in fold(JOB, [accepted(*TO[:2]), second]).deliveries]
    assert states == ["accepted", "delivering"]
    states = [each.state for each in fold(JOB, [accepted(*TO[:2]), cancel]).deliveries]
    assert states == ["canceled", "accepted"]


def test_the_newest_attempt_is_the_one_that_counts() -> None:
    """Claim, doubt, attempts and retries are those of the newest attempt; a cancel is none."""
    second = Claim(at=NOON, n=2, token="u")
    history: list[AnyEvent] = [accepted(), SEND, answer(outcome("retryable")), second]
    entry = fold(JOB, history)
    assert (entry.claim, entry.doubt, entry.attempts, entry.unsettled) == (second, None, 2, True)
    unsure = doubt(outcome("unknown"), n=2)
    entry = fold(JOB, [*history, unsure])
    assert (entry.doubt, entry.answered, entry.unsettled) == (unsure, False, True)
    entry = fold(JOB, [*history, unsure, answer(outcome("not_created"), n=2)])
    assert (entry.doubt, entry.answered, entry.unsettled) == (None, True, False)
    retried = fold(JOB, [*history, Retried(at=LATER, k=1, after=2)])
    assert (retried.retries, retried.attempts, retried.attempts_since_retry) == (1, 2, 0)
    canceled = fold(JOB, [accepted(), CANCEL])
    assert (canceled.attempts, canceled.unsettled) == (0, False)


def test_not_before_is_the_newest_wait() -> None:
    """Only an outcome that asks for another try says when that may be."""
    wait = Outcome(index=0, result="retryable", not_before=LATER)
    assert fold(JOB, [accepted(), SEND, answer(wait)]).deliveries[0].not_before == LATER
    assert fold(JOB, [accepted(), SEND, answer(GOT_SID)]).deliveries[0].not_before is None


def test_a_lost_accepted_row_is_made_up_for_by_the_claim() -> None:
    """The first claim repeats what was accepted, so the request is known without its own row."""
    claim = Claim(at=NOON, n=1, token="t", accepted=accepted(*TO[:2]))
    entry = fold(JOB, [claim])
    assert entry.kind == "message"
    assert [each.to for each in entry.deliveries] == list(TO[:2])


def test_a_report_alone_is_an_entry() -> None:
    """A callback that is the first that is known makes an entry without a request."""
    entry = fold(JOB, [reported("sent")])
    assert (entry.kind, entry.accepted) == ("unreadable", None)
    assert entry.deliveries[0].to is None
    assert entry.deliveries[0].state == "handed_over"


def test_times_order_the_story() -> None:
    """An entry's events are in the order of their times, whatever order they came in."""
    events: list[AnyEvent] = [
        reported("delivered", 3),
        reported("sending", 1),
        accepted(),
        reported("sent", 2),
    ]
    told = [event.name for event in fold(JOB, events).events]
    assert told == ["accepted", "reported.sending", "reported.sent", "reported.delivered"]
