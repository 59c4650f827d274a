"""What an entry looks like to the outside, as values that encode to the API's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shared import routes
from shared.jobs.events import Accepted, Answer, Claim, Doubt, Noted, Parked, Reported, Retried
from shared.provider import statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shared.jobs.events import AnyEvent, Outcome
    from shared.jobs.fold import Delivery, Entry


def item(entry: Entry, delivery: Delivery) -> dict[str, Any]:
    """One recipient's message or call, without its events."""
    accepted = entry.accepted
    shown: dict[str, Any] = {
        "id": delivery.id,
        "kind": entry.kind,
        "state": delivery.state,
        "to": delivery.to,
        "from": accepted.sender_to(delivery.to) if accepted else None,
        "sid": delivery.sid,
        "twilio_status": delivery.twilio_status,
        "error": delivery.error and dict(zip(("code", "message"), delivery.error, strict=True)),
        "attempts": entry.attempts,
        "accepted_at": accepted.at if accepted else entry.events[0].at,
        "updated_at": entry.events[-1].at,
        "metadata": (accepted.metadata if accepted else None) or {},
        "links": {"self": routes.entry_path(entry.kind, delivery.id)},
    }
    if entry.parked is not None and entry.parked.raw is not None:
        shown["raw"] = entry.parked.raw
    return shown


def story(entry: Entry, delivery: Delivery) -> dict[str, Any]:
    """One recipient's message or call, with its events as they happened."""
    told = [
        {"event": _name(event), "at": event.at, **_TELL[type(event)](event, delivery.index)}
        for event in _as_it_happened(entry.events)
        if _concerns(event, delivery.index)
    ]
    return {**item(entry, delivery), "events": told}


def whole(entry: Entry, index: int | None) -> dict[str, Any]:
    """What an id names: one recipient with its events, or a job of several."""
    if index is None and len(entry.deliveries) > 1:
        return job(entry)
    return story(entry, entry.deliveries[index or 0])


def job(entry: Entry) -> dict[str, Any]:
    """A job of several recipients, each without its events."""
    return {
        "id": entry.id,
        "kind": entry.kind,
        "count": len(entry.deliveries),
        "deliveries": [item(entry, delivery) for delivery in entry.deliveries],
        "links": {"self": routes.entry_path(entry.kind, entry.id)},
    }


def _as_it_happened(events: Sequence[AnyEvent]) -> Iterator[AnyEvent]:
    """Events in the order of their times, but reports, which overtake each other, in their own."""
    reports = iter(sorted((e for e in events if isinstance(e, Reported)), key=_turn))
    for event in events:
        yield next(reports) if isinstance(event, Reported) else event


def _turn(report: Reported) -> tuple[int, int]:
    number = report.fields.get("SequenceNumber", "")
    return statuses.rank(report.status), int(number) if number.isdecimal() else 0


def _name(event: AnyEvent) -> str:
    """The event's name, less the recipient's index and what tells it from others like it."""
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
    told: Outcome = next(outcome for outcome in event.outcomes if outcome.index == index)
    fields = msgspec.structs.asdict(told)
    return {name: value for name, value in fields.items() if name != "index" and value is not None}


def _fields(*names: str) -> Callable[[Any, int], dict[str, Any]]:
    def tell(event: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - one of the events
        del index
        return {
            name: value for name in names if (value := getattr(event, name)) not in (None, {}, "")
        }

    return tell


_TELL: dict[type, Callable[[Any, int], dict[str, Any]]] = {
    Accepted: _fields("source", "lane", "send_at"),
    Claim: _fields("by"),
    Doubt: _outcome,
    Answer: _outcome,
    Reported: _fields("status", "sid", "fields"),
    Noted: _fields("fields"),
    Parked: _fields("code", "message"),
    Retried: _fields("after"),
}
