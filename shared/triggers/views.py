"""Entries with their events, and batches, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shared.jobs.events import (
    Accepted,
    Answer,
    Claim,
    Doubt,
    Noted,
    Parked,
    Reported,
    Retried,
)
from shared.jobs.results import results_of
from shared.ledger.progress import summarize_batch
from shared.provider import statuses
from shared.triggers.schemas import (
    BatchFailure,
    BatchProgressResponse,
    BatchResponse,
    EntryResponse,
    EntryWithEventsResponse,
    JobResponse,
    batch_links,
    entry_links,
    error_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from shared.jobs.events import AnyEvent, Outcome
    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.batches import Batch


def show_entry(entry: Entry, delivery: Delivery) -> EntryResponse:
    """Return one recipient's message or call, without its events."""
    return EntryResponse(**_fields_of(entry, delivery))


def show_entry_with_events(entry: Entry, delivery: Delivery) -> EntryWithEventsResponse:
    """Return one recipient's message or call, with its events as they happened."""
    events = [
        {"event": _name(event), "at": event.at, **_DETAILS[type(event)](event, delivery.index)}
        for event in _as_they_happened(entry.events)
        if _concerns(event, delivery.index)
    ]
    results = results_of(entry.events, delivery.index) if entry.kind == "call" else None
    return EntryWithEventsResponse(**_fields_of(entry, delivery), events=events, results=results)


def show_job(entry: Entry) -> JobResponse:
    """Return a job of several recipients, each without its events."""
    return JobResponse(
        id=entry.id,
        kind=entry.kind,
        count=len(entry.deliveries),
        deliveries=[show_entry(entry, delivery) for delivery in entry.deliveries],
        links=entry_links(entry.kind, entry.id),
    )


def show(entry: Entry, index: int | None) -> EntryWithEventsResponse | JobResponse:
    """Return what an id names: one recipient with its events, or a job of several."""
    if index is None and len(entry.deliveries) > 1:
        return show_job(entry)
    return show_entry_with_events(entry, entry.deliveries[index or 0])


def show_batch(batch: Batch) -> BatchResponse:
    """Return a batch as it was accepted."""
    fields = msgspec.structs.asdict(batch)
    del fields["key"]
    return BatchResponse(**fields, links=batch_links(batch.id))


def show_progress(batch: Batch, entries: list[Entry], now: datetime) -> BatchProgressResponse:
    """Return how far a batch is, from the entries of its jobs."""
    progress = summarize_batch(batch, entries, now)
    return BatchProgressResponse(
        id=batch.id,
        kind=batch.kind,
        lane=batch.lane,
        count=batch.count,
        duplicates=batch.duplicates,
        skipped=batch.skipped,
        accepted_at=batch.at,
        send_at=batch.send_at,
        metadata=batch.metadata or {},
        states=progress.states,
        twilio_statuses=progress.twilio_statuses,
        failures=[
            BatchFailure(id=d.id, to=d.to, state=d.state, error=error_of(d.error))
            for d in progress.failures
        ],
        rate=progress.rate,
        estimated_end=progress.estimated_end,
        links=batch_links(batch.id),
    )


def _fields_of(entry: Entry, delivery: Delivery) -> dict[str, Any]:
    accepted = entry.accepted
    return {
        "id": delivery.id,
        "kind": entry.kind,
        "state": delivery.state,
        "to": delivery.to,
        "sender": accepted.sender_to(delivery.to) if accepted else None,
        "sid": delivery.sid,
        "twilio_status": delivery.twilio_status,
        "error": error_of(delivery.error),
        "attempts": entry.attempts,
        "accepted_at": accepted.at if accepted else entry.events[0].at,
        "updated_at": entry.events[-1].at,
        "metadata": (accepted.metadata if accepted else None) or {},
        "links": entry_links(entry.kind, delivery.id),
        "raw": entry.parked.raw if entry.parked else None,
    }


def _as_they_happened(events: Sequence[AnyEvent]) -> Iterator[AnyEvent]:
    """Yield events by time, but reports, which overtake each other, in their own order."""
    reports = iter(sorted((e for e in events if isinstance(e, Reported)), key=_order))
    for event in events:
        yield next(reports) if isinstance(event, Reported) else event


def _order(report: Reported) -> tuple[int, int]:
    number = report.fields.get("SequenceNumber", "")
    return statuses.rank(report.status), int(number) if number.isdecimal() else 0


def _name(event: AnyEvent) -> str:
    """Return an event's name, without the recipient's index and what makes it unique."""
    if isinstance(event, Noted):
        return f"noted.{event.what}"
    if isinstance(event, Reported) and event.index is not None:
        return event.name.rpartition(".")[0]
    return event.name


def _concerns(event: AnyEvent, index: int) -> bool:
    if isinstance(event, Reported | Noted):
        return (event.index or 0) == index
    if isinstance(event, Answer | Doubt):
        return any(outcome.index == index for outcome in event.outcomes)
    if isinstance(event, Claim | Retried):
        return event.indexes is None or index in event.indexes
    return True


def _outcome(event: Answer | Doubt, index: int) -> dict[str, Any]:
    outcome: Outcome = next(outcome for outcome in event.outcomes if outcome.index == index)
    fields = msgspec.structs.asdict(outcome)
    return {name: value for name, value in fields.items() if name != "index" and value is not None}


def _fields(*names: str) -> Callable[[Any, int], dict[str, Any]]:
    def details(event: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - one of the events
        del index
        return {
            name: value for name in names if (value := getattr(event, name)) not in (None, {}, "")
        }

    return details


_DETAILS: dict[type, Callable[[Any, int], dict[str, Any]]] = {
    Accepted: _fields("source", "lane", "send_at"),
    Claim: _fields("by"),
    Doubt: _outcome,
    Answer: _outcome,
    Reported: _fields("status", "sid", "fields"),
    Noted: _fields("fields"),
    Parked: _fields("code", "message"),
    Retried: _fields("after"),
}
