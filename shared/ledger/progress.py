"""How far a batch is, from the entries of its jobs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from shared.jobs.events import Answer, Claim

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.batches import Batch

MAX_FAILURES: Final = 20
# What is held for the night, or tried again days later, tells nothing of the speed.
_PAUSE: Final = timedelta(minutes=1)
_FAILED: Final = frozenset({"refused", "parked"})
_FAILED_AT_TWILIO: Final = frozenset({"failed", "undelivered"})


@dataclass(frozen=True, kw_only=True)
class BatchProgress:
    """How far a batch is; `rate` is in recipients per second, `failures` are the first few."""

    states: dict[str, int]
    twilio_statuses: dict[str, int]
    failures: tuple[Delivery, ...]
    rate: float | None
    estimated_end: datetime | None


def summarize_batch(batch: Batch, entries: list[Entry], now: datetime) -> BatchProgress:
    """Return how far a batch is.

    A recipient whose job is not known yet counts as `accepted`, or `scheduled`; as `canceled` where
    every job is known, since it was canceled then before it was kept.
    """
    deliveries = [each for entry in entries if entry.accepted for each in entry.deliveries]
    states: Counter[str] = Counter(delivery.state for delivery in deliveries)
    unknown = batch.count - len(deliveries)
    if unknown and len(entries) == batch.jobs:
        states["canceled"], unknown = states["canceled"] + unknown, 0
    elif unknown:
        is_scheduled = batch.send_at is not None and batch.send_at > now
        states["scheduled" if is_scheduled else "accepted"] += unknown
    rate = _rate(entries, states["handed_over"] + states["refused"])
    pending = [delivery for delivery in deliveries if delivery.pending]
    held = [delivery.not_before for delivery in pending if delivery.not_before]
    failures = tuple(
        d for d in deliveries if d.state in _FAILED or d.twilio_status in _FAILED_AT_TWILIO
    )
    return BatchProgress(
        states=dict(states),
        twilio_statuses=dict(Counter(d.twilio_status for d in deliveries if d.twilio_status)),
        failures=failures[:MAX_FAILURES],
        rate=rate,
        estimated_end=_estimated_end(now, unknown + len(pending), rate, held),
    )


def _rate(entries: list[Entry], done: int) -> float | None:
    """Recipients per second, from the first claim to the last answer, less the longer pauses."""
    events = [event for entry in entries for event in entry.events]
    answered = [event.at for event in events if isinstance(event, Answer)]
    begun = [event.at for event in events if isinstance(event, Claim) and event.by == "send"]
    moments = sorted(answered + [at for at in begun if at <= max(answered, default=at)])
    spent = sum((min(b - a, _PAUSE) for a, b in pairwise(moments)), timedelta())
    return round(done / spent.total_seconds(), 2) if answered and spent else None


def _estimated_end(
    now: datetime, pending: int, rate: float | None, held: list[datetime]
) -> datetime | None:
    """When all will be done at this rate, which is not before those that are held may go."""
    return max([now + timedelta(seconds=pending / rate), *held]) if pending and rate else None
