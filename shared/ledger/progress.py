"""How far a batch is, from the entries of its jobs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from shared import routes
from shared.jobs.events import Answer, Claim

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.fold import Entry
    from shared.ledger.batches import Batch

_FAILURES: Final = 20
# What is held for the night, or tried again days later, tells nothing of the speed.
_PAUSE: Final = timedelta(minutes=1)
_FAILED: Final = frozenset({"refused", "parked"})
_DONE_AT_TWILIO: Final = frozenset({"failed", "undelivered"})


def summarize_batch(batch: Batch, entries: list[Entry], now: datetime) -> dict[str, Any]:
    """The batch as the API shows it; `rate` is in recipients per second.

    A recipient whose job nothing is known of yet counts as `accepted`, or `scheduled`; as
    `canceled` where every job is known, since then it was canceled before it was kept.
    """
    deliveries = [each for entry in entries if entry.accepted for each in entry.deliveries]
    states = Counter(delivery.state for delivery in deliveries)
    unknown = batch.count - len(deliveries)
    if unknown and len(entries) == batch.jobs:
        states["canceled"], unknown = states["canceled"] + unknown, 0
    elif unknown:
        is_scheduled = batch.send_at is not None and batch.send_at > now
        states["scheduled" if is_scheduled else "accepted"] += unknown
    statuses = Counter(d.twilio_status for d in deliveries if d.twilio_status)
    rate = _rate(entries, states["handed_over"] + states["refused"])
    pending = [delivery for delivery in deliveries if delivery.pending]
    held = [delivery.not_before for delivery in pending if delivery.not_before]
    return {
        "id": batch.id,
        "kind": batch.kind,
        "lane": batch.lane,
        "count": batch.count,
        "duplicates": batch.duplicates,
        "skipped": batch.skipped,
        "accepted_at": batch.at,
        "send_at": batch.send_at,
        "metadata": batch.metadata or {},
        "states": dict(states),
        "twilio_statuses": dict(statuses),
        "failures": _failures(entries),
        "rate": rate,
        "estimated_end": _estimated_end(now, unknown + len(pending), rate, held),
        "links": {"self": routes.batch_path(batch.id)},
    }


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


def _failures(entries: list[Entry]) -> list[dict[str, Any]]:
    """The first recipients that it did not reach, and why."""
    failed = [
        {
            "id": delivery.id,
            "to": delivery.to,
            "state": delivery.state,
            "error": delivery.error and dict(zip(("code", "message"), delivery.error, strict=True)),
        }
        for entry in entries
        for delivery in entry.deliveries
        if delivery.state in _FAILED or delivery.twilio_status in _DONE_AT_TWILIO
    ]
    return failed[:_FAILURES]
