"""Entries with their events, and batches, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared import routes
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
from shared.jobs.template import parse_template
from shared.ledger.progress import summarize_batch
from shared.provider import statuses
from shared.triggers.schemas import (
    BatchFailure,
    BatchProgressResponse,
    BatchResponse,
    EntryResponse,
    EntryWithEventsResponse,
    InboundResponse,
    JobResponse,
    Links,
    error_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from shared.jobs.events import AnyEvent, Outcome
    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.batches import Batch
    from shared.ledger.received import Inbound

# The fields of a request that hold what people are told.
_CONTENT: Final = ("body", "say", "steps")
_SPEECH: Final = "SpeechResult"
# The fields of an inbound event that say who, when and what kind: shown whatever SHOW_CONTENT says.
# Twilio adds fields, so every other one is taken for what a person wrote, said or recorded.
_INBOUND_FACTS: Final = frozenset({
    "event", "sid", "from", "to", "at", "id", "call_sid", "in_reply_to", "status", "duration",
    "digits", "confidence", "account_sid", "messaging_service_sid", "parent_call_sid",
    "recording_sid", "transcription_sid", "dial_call_sid", "direction", "opt_out_type",
    "num_media", "num_segments", "from_country", "to_country", "caller_country", "called_country",
})  # fmt: skip


def show_entry(entry: Entry, delivery: Delivery, *, show_content: bool) -> EntryResponse:
    """Return one recipient's message or call, without its events and its text."""
    return EntryResponse(**_fields_of(entry, delivery, show_content=show_content))


def show(
    entry: Entry, index: int | None, *, show_content: bool
) -> EntryWithEventsResponse | JobResponse:
    """Return what an id names: one recipient with its events, or a job of several.

    Texts are there if `show_content` is true.
    """
    if index is None and len(entry.deliveries) > 1:
        return _show_job(entry, show_content=show_content)
    return _show_entry_with_events(entry, entry.deliveries[index or 0], show_content=show_content)


def content_of(entry: Entry, index: int | None) -> dict[str, Any]:
    """Return the text that a recipient gets, or the steps of a call.

    For a job of several (no `index`) it is the text as it was given, with its placeholders.
    """
    accepted = entry.accepted
    if accepted is None:
        return {}
    request = msgspec.json.decode(accepted.request)
    has_one = index is not None or len(accepted.to) == 1
    values = accepted.values[index or 0] if accepted.values and has_one else {}
    content = {name: request[name] for name in _CONTENT if request.get(name) is not None}
    return {
        name: parse_template(text).fill(values) if values and isinstance(text, str) else text
        for name, text in content.items()
    }


def show_inbound(event: msgspec.Raw, *, show_content: bool) -> dict[str, Any]:
    """Return an event that reached us; without what the person wrote or said unless it is shown."""
    fields: dict[str, Any] = msgspec.json.decode(event)
    if show_content:
        return fields
    return {name: value for name, value in fields.items() if name in _INBOUND_FACTS}


def show_received(inbound: Inbound, *, show_content: bool) -> InboundResponse:
    """Return an event that reached us with its id."""
    event = show_inbound(msgspec.Raw(inbound.text.encode()), show_content=show_content)
    return InboundResponse(inbound.id, event, Links(routes.inbound_path(inbound.id)))


def _show_entry_with_events(
    entry: Entry, delivery: Delivery, *, show_content: bool
) -> EntryWithEventsResponse:
    events = [
        {"event": _name(event), "at": event.at, **_DETAILS[type(event)](event, delivery.index)}
        for event in _as_they_happened(entry.events)
        if _concerns(event, delivery.index)
    ]
    if not show_content:
        events = [_without_speech(event) for event in events]
    content = content_of(entry, delivery.index) if show_content else {}
    fields = _fields_of(entry, delivery, show_content=show_content)
    results = results_of(entry.events, delivery.index) if entry.kind == "call" else None
    if results and not show_content:
        results = [msgspec.structs.replace(result, speech=None) for result in results]
    return EntryWithEventsResponse(**fields, **content, events=events, results=results)


def _without_speech(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event as it is shown, without what a person said."""
    fields = event.get("fields", {})
    return {**event, "fields": {**fields, _SPEECH: None}} if _SPEECH in fields else event


def _show_job(entry: Entry, *, show_content: bool) -> JobResponse:
    return JobResponse(
        id=entry.id,
        kind=entry.kind,
        count=len(entry.deliveries),
        deliveries=[
            show_entry(entry, delivery, show_content=show_content) for delivery in entry.deliveries
        ],
        links=Links(routes.entry_path(entry.kind, entry.id)),
        **(content_of(entry, None) if show_content else {}),
    )


def show_batch(batch: Batch) -> BatchResponse:
    """Return a batch as it was accepted."""
    fields = msgspec.structs.asdict(batch)
    del fields["key"]
    return BatchResponse(**fields, links=Links(routes.batch_path(batch.id)))


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
        links=Links(routes.batch_path(batch.id)),
    )


def _fields_of(entry: Entry, delivery: Delivery, *, show_content: bool) -> dict[str, Any]:
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
        "links": Links(routes.entry_path(entry.kind, delivery.id)),
        "raw": entry.parked.raw if entry.parked and show_content else None,
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
