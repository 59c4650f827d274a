"""What to do with a job now, as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.deliver.next_step import (
    MAX_AGE,
    MAX_ATTEMPTS,
    Attempt,
    Done,
    Park,
    Settle,
    Step,
    Wait,
    next_step,
)
from shared.jobs.events import (
    Accepted,
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
from tests.clock import NOON

JOB = "zbpne196bfzdg35h14gy5k"
REQUEST = timedelta(seconds=35)
SID = "SM" + "0" * 32


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def accepted(count: int = 1, body: bytes = b"{}", **more: Any) -> Accepted:  # noqa: ANN401 - fields
    to = tuple(f"+1415555200{n}" for n in range(count))
    return Accepted(at=NOON, kind="message", to=to, request=msgspec.Raw(body), **more)


def claim(n: int = 1, when: float = 0, **more: Any) -> Claim:  # noqa: ANN401 - fields
    return Claim(at=at(when), n=n, until=at(when + 10), **more)


def outcome(result: AttemptResult, index: int = 0, wait: float | None = None) -> Outcome:
    sid = SID if result == "sent" else None
    not_before = None if wait is None else at(wait)
    return Outcome(index=index, result=result, sid=sid, not_before=not_before)


def answer(*outcomes: Outcome, n: int = 1, when: float = 1) -> Answer:
    return Answer(at=at(when), n=n, outcomes=outcomes)


def doubt(*outcomes: Outcome, n: int = 1, when: float = 1) -> Doubt:
    return Doubt(at=at(when), n=n, outcomes=outcomes)


EXHAUSTED = [
    event
    for n in range(1, MAX_ATTEMPTS + 1)
    for event in (claim(n, n), answer(outcome("retryable", wait=n), n=n, when=n))
]
GIVE_UP = Park("attempts_exhausted", f"gave up after {MAX_ATTEMPTS} attempts")
EXPIRED = Park("expired", "it could not be sent while it was worth sending")


@dataclass(frozen=True)
class Case:
    """Events, and what is to be done `now` seconds after the request was accepted."""

    says: str
    events: list[AnyEvent]
    now: float
    step: Step


CASES = [
    Case("nothing is known of it", [Parked(at=NOON, code="x", message="x")], 0, Done()),
    Case("accepted", [accepted()], 0, Attempt(1, (0,))),
    Case("to several", [accepted(3)], 0, Attempt(1, (0, 1, 2))),
    Case("not its time yet", [accepted(send_at=at(60))], 59, Wait(at(60))),
    Case("its time", [accepted(send_at=at(60))], 60, Attempt(1, (0,))),
    Case("claimed, and at it", [accepted(), claim()], 44, Wait(at(45))),
    Case("claimed, and never answered", [accepted(), claim()], 45, Settle(claim())),
    Case("claimed without a limit", [accepted(), Claim(at=NOON, n=1)], 35,
         Settle(Claim(at=NOON, n=1))),
    Case("in doubt", [accepted(), claim(), doubt(outcome("unknown"))], 2, Settle(claim())),
    Case("in doubt, then settled", [accepted(), claim(), doubt(outcome("unknown")),
         answer(outcome("sent"), when=9)], 10, Done()),
    Case("never created", [accepted(), claim(), doubt(outcome("unknown")),
         answer(outcome("not_created"), when=9)], 10, Attempt(2, (0,))),
    Case("in doubt, but reported", [accepted(), claim(), doubt(outcome("unknown")),
         Reported(at=at(2), status="sent", sid=SID)], 3, Done()),
    Case("handed over", [accepted(), claim(), answer(outcome("sent"))], 2, Done()),
    Case("refused", [accepted(), claim(), answer(outcome("rejected"))], 2, Done()),
    Case("to be retried later", [accepted(), claim(), answer(outcome("retryable", wait=9))], 8,
         Wait(at(9))),
    Case("to be retried now", [accepted(), claim(), answer(outcome("retryable", wait=9))], 9,
         Attempt(2, (0,))),
    Case("each at its own time", [accepted(3), claim(), answer(outcome("retryable", 0, 9),
         outcome("retryable", 1, 5), outcome("sent", 2))], 4, Wait(at(5))),
    Case("one of them due", [accepted(3), claim(), answer(outcome("retryable", 0, 9),
         outcome("retryable", 1, 5), outcome("sent", 2))], 5, Attempt(2, (1,))),
    Case("a part in doubt", [accepted(2), claim(), doubt(outcome("unknown", 0),
         outcome("retryable", 1, 2))], 5, Settle(claim())),
    Case("canceled", [accepted(), Claim(at=at(1), n=1, by="cancel")], 5, Done()),
    Case("one of two canceled", [accepted(2), Claim(at=at(1), n=1, by="cancel", indexes=(0,))], 5,
         Attempt(2, (1,))),
    Case("parked", [accepted(), Parked(at=at(1), code="x", message="x")], 5, Done()),
    Case("parked, then retried", [accepted(), Parked(at=at(1), code="x", message="x"),
         Retried(at=at(2), k=1, after=0)], 5, Attempt(1, (0,))),
    Case("tried often enough", [accepted(), *EXHAUSTED], 60, GIVE_UP),
    Case("tried often enough, then retried", [accepted(), *EXHAUSTED,
         Parked(at=at(60), code="x", message="x"), Retried(at=at(61), k=1, after=MAX_ATTEMPTS)],
         62, Attempt(MAX_ATTEMPTS + 1, (0,))),
    Case("a day old", [accepted()], MAX_AGE.total_seconds(), Attempt(1, (0,))),
    Case("older", [accepted()], MAX_AGE.total_seconds() + 1, EXPIRED),
    Case("older, but its time was later", [accepted(send_at=at(9))],
         MAX_AGE.total_seconds() + 1, Attempt(1, (0,))),
    Case("older, but retried", [accepted(), Parked(at=at(1), code="expired", message="x"),
         Retried(at=at(99_000), k=1, after=0)], 99_001, Attempt(1, (0,))),
    Case("worth sending for a minute", [accepted(body=b'{"validity_period":60}')], 61, EXPIRED),
    Case("in doubt, and too old to be sent", [accepted(body=b'{"validity_period":60}'), claim(),
         doubt(outcome("unknown"))], 99, Settle(claim())),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_next_step(case: Case) -> None:
    """Each situation has the step that the table says."""
    assert next_step(fold(JOB, case.events), at(case.now), REQUEST) == case.step
