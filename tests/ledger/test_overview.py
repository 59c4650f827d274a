"""The hour at a glance, from made-up entries."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.jobs import ids
from shared.jobs.events import (
    Answer,
    AnyEvent,
    AttemptResult,
    Claim,
    Doubt,
    Outcome,
    Parked,
    Reported,
)
from shared.ledger.ledger import Ledger
from shared.ledger.listing import MAX_DELIVERIES_READ
from shared.ledger.overview import summarize_hour
from shared.ledger.provider_health import Contact, find_contact
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.ledger.histories import accepted

NOW = NOON + timedelta(minutes=30, seconds=30)


def taken(sid: str = "SM1", index: int = 0) -> Outcome:
    return Outcome(index=index, result="sent", sid=sid, status="queued", request_id="RQ1")


async def noted(ledger: Ledger, at: datetime, *events: AnyEvent, to: tuple[str, ...] = ()) -> str:
    """Note a request of a time and what became of it; gives its id."""
    job = ids.new_id(at, (at.minute << 55) + int(at.timestamp() * 1000))
    for event in (accepted(*to, at=at), *events):
        await ledger.record(job, event)
    return job


async def counted(ledger: Ledger) -> dict[str, Any]:
    return asdict(await summarize_hour(ledger.table, NOW))


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable())


async def test_states_and_statuses_of_the_hour_are_counted(ledger: Ledger) -> None:
    """Each recipient of the last hour counts once, and nothing that is older does."""
    at = NOON
    await noted(ledger, at, Claim(at=at, n=1), Answer(at=at, n=1, outcomes=(taken(),)),
                Reported(at=at, status="delivered", sid="SM1"))  # fmt: skip
    await noted(ledger, at + timedelta(seconds=1), to=("+14155552671", "+14165550123"))
    await noted(ledger, NOW - timedelta(minutes=60, seconds=31))
    shown = await counted(ledger)
    assert {state: n for state, n in shown["states"].items() if n} == {
        "handed_over": 1, "accepted": 2}  # fmt: skip
    assert shown["twilio_statuses"] == {"delivered": 1}
    assert (shown["looked_at"], shown["truncated"]) == (3, False)
    assert shown["since"] == shown["complete_since"] == NOON - timedelta(minutes=29)


async def test_minutes_have_throughput_and_waiting_times(ledger: Ledger) -> None:
    """A SID counts in the minute in which it was first noted, and waited since acceptance."""
    for second in range(20):
        at = NOON + timedelta(seconds=second)
        answered = at + timedelta(seconds=1 if second < 18 else 45)
        await noted(ledger, at, Claim(at=at, n=1),
                    Answer(at=answered, n=1, outcomes=(taken(f"SM{second}"),)))  # fmt: skip
    minutes = {minute["at"]: minute for minute in (await counted(ledger))["minutes"]}
    assert len(minutes) == 60
    assert minutes[NOON] == {"at": NOON, "accepted": 20, "handed_over": 18,
                             "seconds": {"p50": 1.0, "p95": 1.0}}  # fmt: skip
    assert minutes[NOON + timedelta(minutes=1)] == {
        "at": NOON + timedelta(minutes=1), "accepted": 0, "handed_over": 2,
        "seconds": {"p50": 45.0, "p95": 45.0}}  # fmt: skip
    assert minutes[NOON + timedelta(minutes=2)]["seconds"] is None


async def test_a_report_before_the_answer_is_when_it_was_handed_over(ledger: Ledger) -> None:
    """A callback that came first proves the SID; the answer after it changes nothing."""
    later = NOON + timedelta(minutes=3)
    await noted(ledger, NOON, Claim(at=NOON, n=1),
                Doubt(at=NOON, n=1, outcomes=(Outcome(index=0, result="unknown"),)),
                Reported(at=NOON + timedelta(seconds=2), status="sent", sid="SM1"),
                Answer(at=later, n=1, outcomes=(taken(),)))  # fmt: skip
    minutes = (await counted(ledger))["minutes"]
    assert [m["at"] for m in minutes if m["handed_over"]] == [NOON]
    assert minutes[29]["seconds"] == {"p50": 2.0, "p95": 2.0}


async def test_scheduled_ones_wait_from_their_time_on(ledger: Ledger) -> None:
    """What was asked for later is not late before that; what is unreadable has no time at all."""
    job = ids.new_id(NOON, 1)
    due = NOON + timedelta(minutes=10)
    for event in (accepted(at=NOON, send_at=due), Claim(at=due, n=1),
                  Answer(at=due + timedelta(seconds=3), n=1, outcomes=(taken(),))):  # fmt: skip
        await ledger.record(job, event)
    await ledger.record(ids.new_id(NOON, 2),
                        Reported(at=NOON, status="sent", sid="SM9"))  # fmt: skip
    minutes = {minute["at"]: minute for minute in (await counted(ledger))["minutes"]}
    assert minutes[due]["seconds"] == {"p50": 3.0, "p95": 3.0}
    assert minutes[NOON]["seconds"] == {"p50": 0.0, "p95": 0.0}


async def test_failures_are_grouped_and_what_was_overcome_is_none(ledger: Ledger) -> None:
    """Codes come with their number and newest example, the most frequent first."""
    no = Outcome(index=0, result="rejected", code="21211", message="no such number")
    names = [await noted(ledger, NOON + timedelta(seconds=n), Claim(at=NOON, n=1),
                         Answer(at=NOON, n=1, outcomes=(no,))) for n in range(2)]  # fmt: skip
    await noted(ledger, NOON + timedelta(seconds=5), Claim(at=NOON, n=1),
                Answer(at=NOON, n=1, outcomes=(taken(),)),
                Reported(at=NOON, status="undelivered", sid="SM1",
                         fields={"ErrorCode": "30003"}))  # fmt: skip
    await noted(
        ledger, NOON + timedelta(seconds=6), Parked(at=NOON, code="expired", message="late")
    )
    lost = Outcome(index=0, result="unknown", code="no_answer")
    await noted(ledger, NOON + timedelta(seconds=7), Claim(at=NOON, n=1),
                Doubt(at=NOON, n=1, outcomes=(lost,)))  # fmt: skip
    failures = (await counted(ledger))["failures"]
    assert [(each["code"], each["count"]) for each in failures] == [
        ("21211", 2), ("30003", 1), ("expired", 1)]  # fmt: skip
    assert failures[0] == {"code": "21211", "count": 2, "message": "no such number",
                           "kind": "message", "newest": names[1]}  # fmt: skip


async def test_more_than_it_looks_at_is_said(ledger: Ledger) -> None:
    """A busy hour is cut at MOST_LOOKED_AT, says so, and has only the minutes that are whole."""
    many = tuple(f"+1415555{number:04}" for number in range(100))
    for number in range(MAX_DELIVERIES_READ // 100 + 2):
        await noted(ledger, NOON + timedelta(minutes=number), to=many)
    shown = await counted(ledger)
    assert (shown["looked_at"], shown["truncated"]) == (MAX_DELIVERIES_READ, True)
    assert shown["complete_since"] == NOON + timedelta(minutes=2)
    assert shown["minutes"][0]["at"] == NOON + timedelta(minutes=2)
    assert sum(minute["accepted"] for minute in shown["minutes"]) == MAX_DELIVERIES_READ


@pytest.mark.parametrize(
    ("result", "code", "request_id", "answers"),
    [
        ("sent", None, "RQ1", True),
        ("not_created", None, None, True),
        ("rejected", "21211", "RQ1", True),
        ("rejected", "http_404", None, True),
        ("rejected", "21610", "RQ1", True),
        ("rejected", "21610", None, None),
        ("rejected", "daily_cap", None, None),
        ("retryable", "20429", "RQ1", True),
        ("retryable", "no_connection", None, False),
        ("retryable", "quiet_hours", None, None),
        ("unknown", "20500", None, False),
        ("unknown", "no_answer", None, False),
        ("unknown", "worker_lost", None, None),
        ("unknown", None, None, None),
    ],
)
def test_each_outcome_says_how_twilio_was(
    result: AttemptResult,
    code: str | None,
    request_id: str | None,
    answers: bool | None,  # noqa: FBT001 - a column
) -> None:
    """An answer is one, also a no; silence and errors are none; our own guards say nothing."""
    outcome = Outcome(index=0, result=result, code=code, request_id=request_id)
    event = (Doubt if result == "unknown" else Answer)(at=NOON, n=1, outcomes=(outcome,))
    assert find_contact(event) == (None if answers is None else Contact(NOON, answers, code))


async def test_the_newest_word_about_twilio_counts(ledger: Ledger) -> None:
    """One answer among a job's outcomes outweighs a silence; the latest event decides."""
    silence = Outcome(index=1, result="unknown", code="no_answer")
    mixed = Doubt(at=NOON, n=1, outcomes=(taken(), silence))
    assert find_contact(mixed) == Contact(NOON, answers=True, code=None)
    assert find_contact(Claim(at=NOON, n=1)) is None
    at = NOON + timedelta(minutes=1)
    await noted(ledger, NOON, Claim(at=NOON, n=1), Answer(at=NOON, n=1, outcomes=(taken(),)))
    await noted(ledger, at, Claim(at=at, n=1), Doubt(at=at, n=1, outcomes=(
        Outcome(index=0, result="unknown", code="no_answer"),)))  # fmt: skip
    assert (await summarize_hour(ledger.table, NOW)).contact == Contact(
        at, answers=False, code="no_answer"
    )
