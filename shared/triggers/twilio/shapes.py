"""Messages and calls in the shape of Twilio's resources, every field present.

https://www.twilio.com/docs/messaging/api/message-resource and
https://www.twilio.com/docs/voice/api/call-resource
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from shared.jobs import ids
from shared.jobs.events import Answer, Noted, Reported
from shared.jobs.request import CallRequest, MessageRequest
from shared.jobs.segments import count_request_segments
from shared.jobs.sids import format_sid
from shared.jobs.template import request_of_recipient
from shared.ledger.index import ERASED
from shared.phone_numbers import is_messaging_service
from shared.provider import statuses
from shared.routes import TWILIO

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.jobs.events import Accepted
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind
    from shared.settings import Settings

_UNKNOWN_ERROR: Final = 30008
_FAILED: Final = frozenset({"refused", "parked"})
_NORTH_AMERICAN: Final = re.compile(r"\+1(\d{3})(\d{3})(\d{4})")
_SENT_STATUSES: Final = frozenset({"sent", "delivered", "undelivered", "read"})


class MessageResource(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A message in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    messaging_service_sid: str | None
    from_: str | None
    to: str | None
    body: str | None
    status: str
    num_segments: str
    num_media: str
    error_code: int | None
    error_message: str | None
    date_created: str
    date_updated: str
    date_sent: str | None
    uri: str
    subresource_uris: dict[str, str]
    direction: str = "outbound-api"
    price: None = None
    price_unit: str = "USD"
    api_version: str = TWILIO


class CallResource(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A call in the shape of Twilio's resource."""

    sid: str
    account_sid: str
    from_: str | None
    from_formatted: str | None
    to: str | None
    to_formatted: str | None
    status: str
    start_time: str | None
    end_time: str | None
    duration: str | None
    answered_by: str | None
    date_created: str
    date_updated: str
    uri: str
    subresource_uris: dict[str, str]
    caller_name: str | None = None
    direction: str = "outbound-api"
    price: None = None
    price_unit: str = "USD"
    parent_call_sid: None = None
    phone_number_sid: None = None
    forwarded_from: None = None
    group_sid: None = None
    queue_time: str = "0"
    annotation: None = None
    stir_verstat: None = None
    trunk_sid: None = None
    api_version: str = TWILIO


AnyResource = MessageResource | CallResource


def is_shown(entry: Entry, delivery: Delivery, kind: Kind) -> bool:
    """Tell whether a client sees a message or call: not what is unreadable, nor what is deleted."""
    return entry.kind == kind and delivery.to != ERASED


def show_resource(entry: Entry, delivery: Delivery, settings: Settings) -> AnyResource:
    """Return one recipient's message or call; the entry is one that was accepted.

    Where SHOW_CONTENT is false a text is as one that was redacted.
    """
    account = settings.twilio_account_sid
    kind: Kind = "call" if entry.kind == "call" else "message"
    sid = format_sid(kind, place_of(delivery))
    request = request_of_recipient(accepted_of(entry), delivery.index)
    sender = accepted_of(entry).sender_to(delivery.to)
    base = f"/{TWILIO}/Accounts/{account}/{'Calls' if kind == 'call' else 'Messages'}/{sid}"
    common: dict[str, Any] = {
        "sid": sid,
        "account_sid": account,
        "to": delivery.to,
        "status": status_of(entry, delivery),
        "date_created": _format(accepted_of(entry).at),
        "date_updated": _format(entry.events[-1].at),
        "uri": f"{base}.json",
    }
    if isinstance(request, CallRequest):
        return CallResource(**common, **_call(entry, delivery, sender, base))
    about = _message(entry, delivery, request, sender, base)
    body = (request.body or "") if settings.show_content else ""
    return MessageResource(**common, **about, body=body)


def place_of(delivery: Delivery) -> ids.EntryId:
    """Return where a delivery stands: its own id, read."""
    job_id, _, index = delivery.id.partition("-")
    return ids.EntryId(job_id, int(index) if index else None)


def status_of(entry: Entry, delivery: Delivery) -> str:
    """Return Twilio's word for where a message or call is."""
    if delivery.twilio_status is not None:
        return delivery.twilio_status
    if delivery.state in _FAILED:
        return "failed"
    if delivery.state == "canceled":
        return "canceled"
    if entry.kind == "call":
        return "queued"
    if delivery.state == "scheduled":
        return "scheduled"
    return "accepted" if is_messaging_service(accepted_of(entry).sender or "") else "queued"


def accepted_of(entry: Entry) -> Accepted:
    """Return the request of an entry, which every message and every call has."""
    return cast("Accepted", entry.accepted)


def sent_at(entry: Entry, delivery: Delivery) -> datetime | None:
    """Return when Twilio sent a message, or took it, where it has not reported that."""
    reports = [r.at for r in _reports(entry, delivery) if r.status in _SENT_STATUSES]
    answers = [
        event.at
        for event in entry.events
        if isinstance(event, Answer)
        and any(o.index == delivery.index and o.sid for o in event.outcomes)
    ]
    return min(reports or answers, default=None)


def started_at(entry: Entry, delivery: Delivery) -> datetime | None:
    """Return when a call was dialled."""
    return min((r.at for r in _reports(entry, delivery) if r.status != "queued"), default=None)


def ended_at(entry: Entry, delivery: Delivery) -> datetime | None:
    """Return when a call was over."""
    ends = (r.at for r in _reports(entry, delivery) if statuses.is_final(r.status))
    return min(ends, default=None)


def _message(
    entry: Entry, delivery: Delivery, request: MessageRequest, sender: str | None, base: str
) -> dict[str, Any]:
    is_service = is_messaging_service(sender or "")
    media = request.media_url or []
    sent = sent_at(entry, delivery)
    # What only delays a message is not an error of Twilio's.
    code, message = (None if delivery.pending else delivery.error) or (None, None)
    return {
        "messaging_service_sid": sender if is_service else None,
        "from_": request.from_ if is_service else sender,
        "num_segments": str(count_request_segments(request, accepted_of(entry).to) or 1),
        "num_media": str(len([media] if isinstance(media, str) else media)),
        "error_code": None if code is None else int(code) if code.isdecimal() else _UNKNOWN_ERROR,
        "error_message": message,
        "date_sent": None if sent is None else _format(sent),
        "subresource_uris": {"media": f"{base}/Media.json"},
    }


def _call(entry: Entry, delivery: Delivery, sender: str | None, base: str) -> dict[str, Any]:
    started, ended = started_at(entry, delivery), ended_at(entry, delivery)
    fields = {
        name: value
        for event in entry.events
        if isinstance(event, Reported | Noted) and (event.index or 0) == delivery.index
        for name, value in event.fields.items()
    }
    return {
        "from_": sender,
        "from_formatted": _format_number(sender),
        "to_formatted": _format_number(delivery.to),
        "start_time": None if started is None else _format(started),
        "end_time": None if ended is None else _format(ended),
        "duration": None if ended is None else fields.get("CallDuration", "0"),
        "answered_by": fields.get("AnsweredBy"),
        "subresource_uris": {"recordings": f"{base}/Recordings.json"},
    }


def _reports(entry: Entry, delivery: Delivery) -> Iterator[Reported]:
    for event in entry.events:
        if isinstance(event, Reported) and (event.index or 0) == delivery.index:
            yield event


def _format(at: datetime) -> str:
    """Return a time as Twilio writes it (RFC 2822, in UTC)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0))


def _format_number(address: str | None) -> str | None:
    match = _NORTH_AMERICAN.fullmatch(address or "")
    return f"({match[1]}) {match[2]}-{match[3]}" if match else address
