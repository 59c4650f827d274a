"""What to do with a job now: a pure function of what the ledger knows and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs.events import Retried

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.events import Accepted, Claim
    from shared.jobs.fold import Entry

MAX_ATTEMPTS: Final = 12
MAX_AGE: Final = timedelta(hours=24)


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


@dataclass(frozen=True)
class Wait:
    """Come back at a time."""

    until: datetime


@dataclass(frozen=True)
class Attempt:
    """Claim attempt `n` and send to these recipients."""

    n: int
    indexes: tuple[int, ...]


@dataclass(frozen=True)
class Settle:
    """Find out the result of the newest attempt before anything is sent again."""

    claim: Claim


@dataclass(frozen=True)
class Park:
    """Give up, and say why."""

    code: str
    message: str


Step = Done | Wait | Attempt | Settle | Park


def next_step(entry: Entry, now: datetime, longest_request: timedelta) -> Step:
    """Return the next step of a job.

    `longest_request` is the time-out of a request to Twilio, for claims that do not say when their
    last one is over.
    """
    accepted, claim = entry.accepted, entry.claim
    if accepted is None or not entry.pending:
        return Done()
    if entry.unsettled and claim is not None:
        # The claimer may still be at it until then, and will answer for itself.
        busy_until = claim.over_at or (claim.until or claim.at) + longest_request
        return Wait(busy_until) if entry.doubt is None and now < busy_until else Settle(claim)
    if accepted.send_at is not None and now < accepted.send_at:
        return Wait(accepted.send_at)
    if now > _begun(entry, accepted) + _worth(accepted):
        return Park("expired", "it could not be sent while it was worth sending")
    if entry.attempts_since_retry >= MAX_ATTEMPTS:
        return Park("attempts_exhausted", f"gave up after {MAX_ATTEMPTS} attempts")
    waiting = {
        d.index: d.not_before
        for d in entry.deliveries
        if d.pending and d.not_before is not None and d.not_before > now
    }
    due = tuple(index for index in entry.pending if index not in waiting)
    if due:
        return Attempt(claim.n + 1 if claim else 1, due)
    return Wait(min(waiting.values()))


def _begun(entry: Entry, accepted: Accepted) -> datetime:
    """Return since when it has been worth sending; an operator's retry begins that again."""
    retried = [event.at for event in entry.events if isinstance(event, Retried)]
    return max([accepted.send_at or accepted.at, *retried])


class _Validity(msgspec.Struct):
    validity_period: int | None = None


def _worth(accepted: Accepted) -> timedelta:
    """Return how long a message is worth sending."""
    seconds = msgspec.json.decode(accepted.request, type=_Validity).validity_period
    return MAX_AGE if seconds is None else timedelta(seconds=seconds)
