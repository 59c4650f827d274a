"""How far a batch is, from the entries of its jobs."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from shared import routes
from shared.ledger.events import Answer, Claim

if TYPE_CHECKING:
    from datetime import datetime

    from shared.ledger.batches import Batch
    from shared.ledger.fold import Entry

_FAILURES: Final = 20
_FAILED: Final = frozenset({"refused", "parked"})
_DONE_AT_TWILIO: Final = frozenset({"failed", "undelivered"})


def progress(batch: Batch, entries: list[Entry], now: datetime) -> dict[str, Any]:
    """The batch as the API shows it; `rate` is in recipients per second.

    A recipient whose job nothing is known of yet counts as `accepted`, or `scheduled`.
    """
    deliveries = [delivery for entry in entries for delivery in entry.deliveries]
    states = Counter(delivery.state for delivery in deliveries)
    if unknown := batch.count - len(deliveries):
        states["scheduled" if batch.send_at and batch.send_at > now else "accepted"] += unknown
    statuses = Counter(d.twilio_status for d in deliveries if d.twilio_status)
    rate = _rate(entries, states["handed_over"] + states["refused"])
    pending = unknown + sum(delivery.pending for delivery in deliveries)
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
        "estimated_end": _estimated_end(now, pending, rate),
        "links": {"self": routes.batch(batch.id)},
    }


def _rate(entries: list[Entry], done: int) -> float | None:
    """Recipients per second, from the first claim to the last answer."""
    events = [event for entry in entries for event in entry.events]
    begun = [event.at for event in events if isinstance(event, Claim) and event.by == "send"]
    answered = [event.at for event in events if isinstance(event, Answer)]
    if not begun or not answered:
        return None
    seconds = (max(answered) - min(begun)).total_seconds()
    return round(done / seconds, 2) if seconds > 0 else None


def _estimated_end(now: datetime, pending: int, rate: float | None) -> datetime | None:
    return now + timedelta(seconds=pending / rate) if pending and rate else None


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
