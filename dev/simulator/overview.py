"""Where everything stands, told in the journal's own events, so that a page folds one language."""

from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Final

from dev.local_settings import FUNCTION_KEY
from dev.simulator.books import Call, Message
from dev.simulator.exchange import Exchange
from dev.simulator.journal import Event

MOST_MESSAGES: Final = 2000
MOST_CALLS: Final = 100
MOST_WIRE: Final = 300
WIRE: Final = frozenset({"request", "webhook", "error", "fault"})


def overview(exchange: Exchange) -> dict[str, object]:
    """The newest of everything, and ``n``, the number of the event after which to follow on."""
    books = exchange.books
    events = [_message(exchange, row) for row in islice(books.messages.newest(), MOST_MESSAGES)]
    events += [_call(exchange, row) for row in islice(books.calls.newest(), MOST_CALLS)]
    events.reverse()  # oldest first, also within the second that the books know
    events.sort(key=lambda event: float(str(event["at"])))
    phones = exchange.phones.outside.items()
    events += [{"kind": "phone", "number": number, "behaves": phone} for number, phone in phones]
    events.append({"kind": "fault", "order": exchange.faults.order})
    return {
        "n": exchange.journal.last,
        "number": exchange.account.number,
        "account": exchange.account.sid,
        "app": exchange.account.app_url,
        "key": FUNCTION_KEY,
        "events": events + _wire(exchange),
    }


def _message(exchange: Exchange, row: Message) -> Event:
    wish = exchange.books.wishes.get(row.sid)
    return {
        "kind": "message",
        "at": _moment(row.date_created),
        "sid": row.sid,
        "status": row.status,
        "to": row.to,
        "sender": row.sender,
        "body": row.body,
        "direction": row.direction,
        "media": wish.media if wish else [],
        "error_code": row.error_code,
    }


def _call(exchange: Exchange, row: Call) -> Event:
    line = exchange.lines.get(row.sid)
    return {
        "kind": "call",
        "at": _moment(row.date_created),
        "sid": row.sid,
        "status": row.status,
        "to": row.to,
        "sender": row.sender,
        "direction": row.direction,
        "duration": row.duration,
        "parent": row.parent_call_sid,
        "transcript": line.transcript if line else [],
    }


def _moment(written: str) -> float:
    return parsedate_to_datetime(written).timestamp()


def _wire(exchange: Exchange) -> list[Event]:
    """The newest requests, callbacks and errors; bodies as text."""
    recent = exchange.journal.after(exchange.journal.last - 4 * MOST_WIRE)
    return [shown(event) for event in recent if event["kind"] in WIRE][-MOST_WIRE:]


def shown(event: Event) -> Event:
    """An event as JSON can carry it."""
    answer = event.get("answer")
    return event | {"answer": answer.decode()} if isinstance(answer, bytes) else event
