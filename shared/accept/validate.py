"""Validation in one pass: from untrusted fields to one `ValidRequest`, or every problem at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.accept.decode import MAX_MEMBERS, decode_fields
from shared.accept.idempotency import validate_key
from shared.accept.links import is_local, validate_link
from shared.errors import InvalidRequestError, Problem
from shared.jobs.job import MAX_JOB_BYTES
from shared.jobs.request import REQUEST_OF_KIND, CallRequest, MessageRequest, recipients_of
from shared.jobs.segments import count_request_segments
from shared.phone_numbers import NumberError, parse_e164, require_destination
from shared.routes import own_twimlet_url
from shared.twiml.call_script import render_call_script
from shared.twiml.text import validate_characters, validate_twiml

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from shared.jobs.request import AnyRequest
    from shared.kinds import Kind
    from shared.settings import Settings

MAX_LATENESS: Final = timedelta(minutes=1)
MAX_DISTANCE: Final = timedelta(days=366)
# The names, times and ids of a job, which stand around its request.
JOB_OVERHEAD_BYTES: Final = 600
_MESSAGE_CHANNELS: Final = ("whatsapp:",)
_CALL_CHANNELS: Final = ("client:", "sip:")
_NAME: Final = re.compile("[!-~]+")
_SENDER: Final = re.compile(r"(rcs|messenger):[!-~]+|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_MESSAGE_CONTENT: Final = ("body", "media_url", "content_sid")
_CALL_CONTENT: Final = ("say", "steps", "twiml", "url")


@dataclass(frozen=True, kw_only=True)
class ValidRequest:
    """A request that can be accepted, with everything that validation learned about it.

    `encoded` is the request as JSON. `segments` is None where it is not sent as SMS. `is_list`
    says that recipients were asked for as a list, even of one.
    """

    kind: Kind
    request: AnyRequest
    recipients: tuple[str, ...]
    sender: str | None
    segments: int | None
    is_list: bool
    encoded: bytes


def validate_request(
    kind: Kind, fields: Mapping[str, Any], settings: Settings, now: datetime, key: str | None = None
) -> ValidRequest:
    """Return the request that `fields` describe, which is to be kept under `key`.

    A `send_at` that is too early or too far is a problem only among others: by itself it depends
    on when the request was first made, which `require_send_at` checks.

    Raises:
        InvalidRequestError: with every problem.
    """
    decoded = decode_fields(fields, REQUEST_OF_KIND[kind], to=_readable(fields.get("to")))
    request, problems = decoded.value, decoded.problems
    recipients = recipients_of(request)
    sender = resolve_sender(request, recipients, settings)
    problems += validate_fields(request, recipients, sender, settings, decoded.broken)
    encoded = msgspec.json.encode(request)
    # These stand in the job beside the request once more.
    beside = msgspec.json.encode((recipients, request.metadata, sender))
    if len(encoded) + len(beside) > MAX_JOB_BYTES - JOB_OVERHEAD_BYTES:
        problems.append(Problem("$", "too_large", f"takes more than {MAX_JOB_BYTES} bytes"))
    problems += validate_key(key)
    if problems:
        raise InvalidRequestError([*problems, *validate_send_at(request, now)])
    return ValidRequest(
        kind=kind,
        request=request,
        recipients=recipients,
        sender=sender,
        segments=count_request_segments(request),
        is_list=not isinstance(request.to, str),
        encoded=encoded,
    )


def resolve_sender(
    request: AnyRequest, recipients: Collection[str], settings: Settings
) -> str | None:
    """Return who sends: the request's sender, else the default one in the recipients' channel."""
    if isinstance(request, CallRequest):
        return request.from_ or settings.twilio_from_number
    if request.messaging_service_sid or request.from_:
        return request.messaging_service_sid or request.from_
    default = settings.default_sender
    if not default or not default.startswith("+"):
        return default
    channels = {_channel_of(to, _MESSAGE_CHANNELS) for to in recipients}
    return (channels.pop() if len(channels) == 1 else "") + default


def validate_fields(
    request: AnyRequest,
    recipients: Collection[str],
    sender: str | None,
    settings: Settings,
    broken: Collection[str] = (),
) -> list[Problem]:
    """Return everything that is wrong with the fields together; times are checked apart.

    `broken` are the fields that were given but could not be decoded.
    """
    is_message = isinstance(request, MessageRequest)
    channels = _MESSAGE_CHANNELS if is_message else _CALL_CHANNELS
    problems = [
        *_validate_recipients(request, recipients, channels, settings),
        *_validate_text(request),
        *_validate_links(request, settings),
    ]
    if "from" not in broken:
        problems += _validate_sender(request, sender, channels)
    if isinstance(request, MessageRequest):
        problems += _validate_message(request, sender, broken)
    else:
        problems += _validate_call(request, broken)
    return problems


def require_send_at(request: AnyRequest, at: datetime) -> None:
    """Refuse a `send_at` that cannot be kept, seen from `at`.

    Raises:
        InvalidRequestError: it is more than a minute in the past or more than a year ahead.
    """
    if problems := validate_send_at(request, at):
        raise InvalidRequestError(problems)


def validate_send_at(request: AnyRequest, at: datetime) -> list[Problem]:
    """Return what is wrong with `send_at`, seen from `at`."""
    if request.send_at is None:
        return []
    if request.send_at < at - MAX_LATENESS:
        return [Problem("$.send_at", "in_the_past", "is more than a minute in the past")]
    if request.send_at > at + MAX_DISTANCE:
        return [Problem("$.send_at", "too_far", "is more than a year ahead")]
    return []


def _readable(to: object) -> str | list[str]:
    """Return the recipients of a request that could not be decoded, as far as they are texts."""
    if isinstance(to, list):
        return [member if isinstance(member, str) else "" for member in to[:MAX_MEMBERS]]
    return to if isinstance(to, str) else ""


def _validate_recipients(
    request: AnyRequest, recipients: Collection[str], channels: tuple[str, ...], settings: Settings
) -> Iterator[Problem]:
    is_list = not isinstance(request.to, str)
    seen: set[str] = set()
    for index, to in enumerate(recipients):
        if not to:
            continue
        path = f"$.to[{index}]" if is_list else "$.to"
        if to in seen:
            yield Problem(path, "duplicate", "is in the list already")
        seen.add(to)
        channel = _channel_of(to, channels)
        try:
            if not _is_named(to, channel):
                require_destination(to.removeprefix(channel), settings.allowed_countries)
        except NumberError as error:
            yield Problem(path, error.code, str(error))


def _validate_sender(
    request: AnyRequest, sender: str | None, channels: tuple[str, ...]
) -> Iterator[Problem]:
    if sender is None:
        yield Problem("$.from", "missing", "is required: the settings have no default sender")
    given = request.from_
    if given is None or (isinstance(request, MessageRequest) and _SENDER.fullmatch(given)):
        return
    channel = _channel_of(given, channels)
    try:
        if not _is_named(given, channel):
            parse_e164(given.removeprefix(channel))
    except NumberError as error:
        yield Problem("$.from", error.code, str(error))


def _validate_text(request: AnyRequest) -> Iterator[Problem]:
    if isinstance(request, MessageRequest):
        yield from validate_characters(request.body or "", "$.body")
        return
    try:
        render_call_script(request)
    except InvalidRequestError as error:
        yield from error.problems
    if request.twiml:
        yield from validate_twiml(request.twiml, "$.twiml")


def _validate_links(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    own, allowed = settings.public_base_url, settings.media_hosts
    links = [("$.url", request.url)] if isinstance(request, CallRequest) else _media_links(request)
    for path, given in links:
        link = given and own_twimlet_url(given, own)
        if link and (message := validate_link(link, own=own, allowed=allowed)):
            yield Problem(path, "link_not_allowed", message)
    # We forward callbacks ourselves; during development the receiver is on this machine too.
    callback = request.status_callback
    if callback:
        ours = callback if is_local(own) and is_local(callback) else own
        if message := validate_link(callback, own=ours, allowed=()):
            yield Problem("$.status_callback", "link_not_allowed", message)


def _media_links(request: MessageRequest) -> list[tuple[str, str | None]]:
    media = request.media_url
    if isinstance(media, list):
        return [(f"$.media_url[{index}]", link) for index, link in enumerate(media)]
    return [("$.media_url", media)]


def _validate_message(
    request: MessageRequest, sender: str | None, broken: Collection[str]
) -> Iterator[Problem]:
    given = _given(request, _MESSAGE_CONTENT, broken)
    if not given:
        yield Problem("$", "no_content", "needs body and/or media_url, or content_sid")
    if "content_sid" in given and len(given) > 1:
        yield Problem("$", "conflict", "content_sid cannot be combined with body or media_url")
    if request.content_variables is not None and "content_sid" not in given:
        yield Problem("$.content_variables", "conflict", "goes with content_sid only")
    if request.shorten_urls and not (sender or "").startswith("MG"):
        yield Problem("$.shorten_urls", "conflict", "needs a Messaging Service")


def _validate_call(request: CallRequest, broken: Collection[str]) -> Iterator[Problem]:
    given = _given(request, _CALL_CONTENT, broken)
    if len(given) != 1:
        have = ", ".join(given) or "none"
        message = f"needs exactly one of say, steps, twiml and url, has {have}"
        yield Problem("$", "conflict" if given else "no_content", message)
    for name in ("voice", "language"):
        if getattr(request, name) is not None and "say" not in given:
            yield Problem(f"$.{name}", "conflict", "goes with say only")
    if request.async_amd is not None and request.machine_detection is None:
        yield Problem("$.async_amd", "conflict", "goes with machine_detection only")


def _given(request: AnyRequest, names: Collection[str], broken: Collection[str]) -> list[str]:
    return [name for name in names if getattr(request, name) or name in broken]


def _is_named(address: str, channel: str) -> bool:
    """Tell whether an address is a client or SIP one, which has a name and not a number.

    Raises:
        NumberError: the name is not usable.
    """
    if channel not in _CALL_CHANNELS:
        return False
    if not _NAME.fullmatch(address.removeprefix(channel)):
        raise NumberError("invalid_number", f"needs a name in printable ASCII after {channel}")
    return True


def _channel_of(address: str, channels: tuple[str, ...]) -> str:
    """Return the channel that an address begins with, or nothing."""
    return next((channel for channel in channels if address.startswith(channel)), "")
