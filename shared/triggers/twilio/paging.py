"""Lists as Twilio answers them: its filters, and pages that lead to the next one.

https://www.twilio.com/docs/usage/twilios-response#pagination
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec

from shared.accept.validate import MAX_DISTANCE
from shared.forms import query_parameters
from shared.jobs import ids
from shared.jobs.sids import format_sid, parse_sid
from shared.ledger.listing import list_newest
from shared.routes import TWILIO
from shared.triggers.twilio.errors import BAD_PARAMETER, RefusalError
from shared.triggers.twilio.form import read_number
from shared.triggers.twilio.shapes import (
    CallResource,
    MessageResource,
    accepted_of,
    ended_at,
    is_shown,
    sent_at,
    show_resource,
    started_at,
    status_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import azure.functions as func

    from shared.app import App
    from shared.forms import Form
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind

_DEFAULT_PAGE_SIZE: Final = 50
_MAX_PAGE_SIZE: Final = 1000
_TOKEN: Final = "PA"  # noqa: S105 - what page tokens begin with
_PAGE_PARAMETERS: Final = frozenset({"Page", "PageSize", "PageToken"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TIMES: Final[dict[str, Callable[[Entry, Delivery], datetime | None]]] = {
    "DateSent": sent_at,
    "StartTime": started_at,
    "EndTime": ended_at,
}


class MessagePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of messages, newest first."""

    messages: list[MessageResource]
    page: int
    page_size: int
    start: int
    end: int
    uri: str
    first_page_uri: str
    next_page_uri: str | None
    previous_page_uri: None = None


class CallPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of calls, newest first."""

    calls: list[CallResource]
    page: int
    page_size: int
    start: int
    end: int
    uri: str
    first_page_uri: str
    next_page_uri: str | None
    previous_page_uri: None = None


@dataclass(frozen=True)
class _Span:
    """The time that a filter names: `begin` is in it, `end` is not; None: without an end."""

    begin: datetime | None
    end: datetime | None

    def holds(self, at: datetime | None) -> bool:
        """Tell whether a time is in it; what has none is in no span."""
        return (
            at is not None
            and (self.begin is None or at >= self.begin)
            and (self.end is None or at < self.end)
        )


async def read_page(req: func.HttpRequest, app: App, kind: Kind) -> MessagePage | CallPage:
    """Return the page that a query names.

    A page reads a bounded number of entries: it can be short, even empty, and still have a next.

    Raises:
        RefusalError: a parameter makes no sense.
    """
    query = query_parameters(req.url)
    size, number = _read_size(query), _read_number(query, "Page", 0)
    spans = {name: _read_spans(query, name) for name in _TIMES}
    exact = {name: query.get(name) for name in ("To", "From", "Status") if query.get(name)}
    numbers = {name: read_number(exact[name], app.settings) for name in ("To", "From")
               if name in exact}  # fmt: skip

    def is_wanted(entry: Entry, delivery: Delivery) -> bool:
        return (
            is_shown(entry, delivery, kind)
            and numbers.get("To") in (None, delivery.to)
            and numbers.get("From") in (None, accepted_of(entry).sender_to(delivery.to))
            and exact.get("Status") in (None, status_of(entry, delivery))
            and all(
                span.holds(_TIMES[name](entry, delivery)) for name in spans for span in spans[name]
            )
        )

    every = [span for each in spans.values() for span in each]
    begin = max((span.begin for span in every if span.begin), default=None)
    end = min((span.end for span in every if span.end), default=None)
    found = await list_newest(
        app.table,
        is_wanted,
        limit=size,
        cursor=_read_cursor(query, kind),
        # What was sent at a time was accepted before it, at most as long as sends are scheduled.
        since=begin and max(begin, _EPOCH + MAX_DISTANCE) - MAX_DISTANCE,
        until=end and sorted((_EPOCH, end, app.now()))[1],
        starts=app.ledger.index.starts_of_recipients([numbers["To"]]) if "To" in numbers else None,
    )
    account = app.settings.twilio_account_sid
    items = [show_resource(*each, app.settings) for each in found.items]
    path = f"/{TWILIO}/Accounts/{account}/{'Calls' if kind == 'call' else 'Messages'}.json"
    filters = [pair for pair in query.pairs if pair[0] not in _PAGE_PARAMETERS]

    def uri(page: int, token: str | None = None) -> str:
        pairs = [*filters, ("PageSize", str(size)), ("Page", str(page))]
        return f"{path}?{urlencode([*pairs, ('PageToken', token)] if token else pairs)}"

    place = ids.parse(found.next) if found.next else None
    following = uri(number + 1, _TOKEN + format_sid(kind, place)) if place else None
    about: dict[str, Any] = {
        "messages" if kind == "message" else "calls": items,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(len(items) - 1, 0),
        "uri": f"{path}?{urlencode(query.pairs)}" if query.pairs else path,
        "first_page_uri": uri(0),
        "next_page_uri": following,
    }
    return CallPage(**about) if kind == "call" else MessagePage(**about)


def _read_size(query: Form) -> int:
    size = _read_number(query, "PageSize", _DEFAULT_PAGE_SIZE)
    if not size:
        raise RefusalError(BAD_PARAMETER, "PageSize must be from 1 to 1000")
    return min(size, _MAX_PAGE_SIZE)


def _read_number(query: Form, name: str, default: int) -> int:
    text = query.get(name) or str(default)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise RefusalError(BAD_PARAMETER, f"{name} must be a whole number")
    return int(text)


def _read_cursor(query: Form, kind: Kind) -> str | None:
    token = query.get("PageToken")
    if not token:
        return None
    place = parse_sid(kind, token.removeprefix(_TOKEN))
    if place is None:
        raise RefusalError(BAD_PARAMETER, "PageToken is not one that a page gave")
    return place.text


def _read_spans(query: Form, name: str) -> list[_Span]:
    """Return what the filters on a time ask for: `DateSent`, `DateSent<` and `DateSent>`.

    Both bounds belong to the span. `DateSent` alone means a day, although Twilio's libraries add
    midnight to it.
    """
    spans = []
    for sign in ("", "<", ">"):
        if text := query.get(name + sign):
            begin, end = _read_time(name, text if sign else text[: len("2026-01-31")])
            spans.append(_Span(None if sign == "<" else begin, None if sign == ">" else end))
    return spans


def _read_time(name: str, text: str) -> tuple[datetime, datetime]:
    """Return the day or the second that a text names."""
    width = timedelta(seconds=1) if ":" in text else timedelta(days=1)
    try:
        # A plus sign that arrived unescaped is a space.
        begin = datetime.fromisoformat(re.sub(r" (?=\d\d:\d\d$)", "+", text))
        begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin.astimezone(UTC)
        return begin, begin + width
    except (ValueError, OverflowError):
        about = f"{name} must be a date or a time, e.g. 2026-01-31 or 2026-01-31T12:00:00Z"
        raise RefusalError(BAD_PARAMETER, about) from None
