"""The present state, as events of the journal, so that a page reads one format only."""

from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final

from dev.simulator.calls.line import Exchange
from dev.simulator.journal import Event
from dev.simulator.messages.outbound import find_options
from dev.simulator.resources import Call, Message

MAX_MESSAGES: Final = 2000
MAX_CALLS: Final = 100
MAX_TRAFFIC: Final = 300
TRAFFIC_KINDS: Final = frozenset({"request", "webhook", "error", "fault"})


def build_overview(exchange: Exchange) -> dict[str, object]:
    """Return the newest of everything, and ``n``, the number of the last event included."""
    books = exchange.books
    events = [_message(exchange, row) for row in islice(books.messages.newest(), MAX_MESSAGES)]
    events += [_call(exchange, row) for row in islice(books.calls.newest(), MAX_CALLS)]
    events.reverse()  # oldest first, also within the second that the books know
    events.sort(key=lambda event: float(str(event["at"])))
    phones = exchange.phones.outside.items()
    events += [{"kind": "phone", "number": number, "behaves": phone} for number, phone in phones]
    events.append({"kind": "fault", "settings": exchange.faults.settings})
    return {
        "n": exchange.journal.last,
        "number": exchange.account.number,
        "account": exchange.account.sid,
        "app": exchange.account.app_url,
        "key": exchange.account.app_key,
        "events": events + _traffic(exchange),
    }


def _message(exchange: Exchange, row: Message) -> Event:
    return {
        "kind": "message",
        "at": _timestamp(row.date_created),
        "sid": row.sid,
        "status": row.status,
        "to": row.to,
        "sender": row.sender,
        "body": row.body,
        "direction": row.direction,
        "media": find_options(exchange, row.sid).media,
        "error_code": row.error_code,
    }


def _call(exchange: Exchange, row: Call) -> Event:
    line = exchange.lines.get(row.sid)
    return {
        "kind": "call",
        "at": _timestamp(row.date_created),
        "sid": row.sid,
        "status": row.status,
        "to": row.to,
        "sender": row.sender,
        "direction": row.direction,
        "duration": row.duration,
        "parent": row.parent_call_sid,
        "application_error": row.sid in exchange.books.call_errors,
        "transcript": line.transcript if line else [],
    }


def _timestamp(date: str) -> float:
    return parsedate_to_datetime(date).timestamp()


def _traffic(exchange: Exchange) -> list[Event]:
    """Return the newest requests, callbacks and errors."""
    recent = exchange.journal.after(exchange.journal.last - 4 * MAX_TRAFFIC)
    return [as_json(event) for event in recent if event["kind"] in TRAFFIC_KINDS][-MAX_TRAFFIC:]


def as_json(event: Event) -> Event:
    """Return an event with its body as text, which JSON can carry."""
    answer = event.get("answer")
    return event | {"answer": answer.decode()} if isinstance(answer, bytes) else event
