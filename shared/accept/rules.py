"""What must hold between the fields of a request, and between a request and the settings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.accept.fields import MOST_LOOKED_AT
from shared.accept.links import is_local, problem_with_link
from shared.accept.request import CallRequest, MessageRequest
from shared.answer.call_script import call_script
from shared.answer.twiml_text import check_characters, check_twiml_text
from shared.errors import InvalidRequestError, Problem
from shared.phone_number import NumberError, check_destination, read_e164

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

    from shared.accept.request import AnyRequest
    from shared.settings import Settings

LATE: Final = timedelta(minutes=1)
FAR: Final = timedelta(days=366)
_MESSAGE_CHANNELS: Final = ("whatsapp:",)
_CALL_CHANNELS: Final = ("client:", "sip:")
_NAME: Final = re.compile("[!-~]+")
_SENDER: Final = re.compile(r"(rcs|messenger):[!-~]+|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_CONTENT: Final = {"message": ("body", "media_url", "content_sid"),
                   "call": ("say", "steps", "twiml", "url")}  # fmt: skip


def recipients(request: AnyRequest) -> tuple[str, ...]:
    """The recipients of a request, in order."""
    return (request.to,) if isinstance(request.to, str) else tuple(request.to)


def sender(request: AnyRequest, settings: Settings) -> str | None:
    """Who sends: what the request names, else the settings' default, in the recipients' channel."""
    if isinstance(request, CallRequest):
        return request.from_ or settings.twilio_from_number
    if request.messaging_service_sid or request.from_:
        return request.messaging_service_sid or request.from_
    default = settings.default_sender
    channels = {_channel(to, _MESSAGE_CHANNELS) for to in recipients(request)}
    channel = channels.pop() if len(channels) == 1 else ""
    return channel + default if default and default.startswith("+") else default


def texts_in(to: object) -> str | list[str]:
    """The recipients of a request that is not well formed, as far as they are texts."""
    if isinstance(to, list):
        return [member if isinstance(member, str) else "" for member in to[:MOST_LOOKED_AT]]
    return to if isinstance(to, str) else ""


def problems_with(
    request: AnyRequest, settings: Settings, broken: Collection[str] = ()
) -> list[Problem]:
    """Everything that is wrong between the fields of a request; times are looked at apart.

    `broken` are the fields that were given but are not well formed.
    """
    found = [*_recipients(request, settings), *_text(request), *_links(request, settings)]
    if "from" not in broken:
        found += _sender(request, settings)
    if isinstance(request, MessageRequest):
        found += _message(request, settings, broken)
    else:
        found += _call(request, broken)
    return found


def problems_with_time(request: AnyRequest, now: datetime) -> list[Problem]:
    """Whether `send_at` is a time that can be kept, seen from `now`."""
    if request.send_at is None:
        return []
    if request.send_at < now - LATE:
        return [Problem("$.send_at", "in_the_past", "is more than a minute in the past")]
    if request.send_at > now + FAR:
        return [Problem("$.send_at", "too_far", "is more than a year ahead")]
    return []


def _recipients(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    several = not isinstance(request.to, str)
    channels = _MESSAGE_CHANNELS if isinstance(request, MessageRequest) else _CALL_CHANNELS
    seen: set[str] = set()
    for index, to in enumerate(recipients(request)):
        if not to:
            continue
        path = f"$.to[{index}]" if several else "$.to"
        if to in seen:
            yield Problem(path, "duplicate", "is in the list already")
        seen.add(to)
        channel = _channel(to, channels)
        try:
            if not _is_named(to, channel):
                check_destination(to.removeprefix(channel), settings.allowed_countries)
        except NumberError as error:
            yield Problem(path, error.code, str(error))


def _sender(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    if sender(request, settings) is None:
        yield Problem("$.from", "missing", "is required: the settings name no default sender")
    given = request.from_
    if given is None:
        return
    message = isinstance(request, MessageRequest)
    if message and _SENDER.fullmatch(given):
        return
    channel = _channel(given, _MESSAGE_CHANNELS if message else _CALL_CHANNELS)
    try:
        if not _is_named(given, channel):
            read_e164(given.removeprefix(channel))
    except NumberError as error:
        yield Problem("$.from", error.code, str(error))


def _text(request: AnyRequest) -> Iterator[Problem]:
    if isinstance(request, MessageRequest):
        yield from check_characters(request.body or "", "$.body")
        return
    try:
        call_script(request)
    except InvalidRequestError as error:
        yield from error.problems
    if request.twiml:
        yield from check_twiml_text(request.twiml, "$.twiml")


def _links(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    own, allowed = settings.public_base_url, settings.media_hosts
    links = [("$.url", getattr(request, "url", None))]
    media = getattr(request, "media_url", None)
    if isinstance(media, list):
        links += [(f"$.media_url[{index}]", link) for index, link in enumerate(media)]
    else:
        links.append(("$.media_url", media))
    for path, link in links:
        if link and (words := problem_with_link(link, own=own, allowed=allowed)):
            yield Problem(path, "link_not_allowed", words)
    # Callbacks are forwarded by us; while developing the receiver is on this machine too.
    callback = request.status_callback
    if callback:
        ours = callback if is_local(own) and is_local(callback) else own
        if words := problem_with_link(callback, own=ours, allowed=()):
            yield Problem("$.status_callback", "link_not_allowed", words)


def _message(
    request: MessageRequest, settings: Settings, broken: Collection[str]
) -> Iterator[Problem]:
    given = _given(request, "message", broken)
    if not given:
        yield Problem("$", "no_content", "needs body and/or media_url, or content_sid")
    if "content_sid" in given and len(given) > 1:
        yield Problem("$", "conflict", "content_sid stands alone, without body and media_url")
    if request.content_variables is not None and "content_sid" not in given:
        yield Problem("$.content_variables", "conflict", "goes with content_sid only")
    service = (sender(request, settings) or "").startswith("MG")
    if request.shorten_urls and not service:
        yield Problem("$.shorten_urls", "conflict", "needs a Messaging Service")


def _call(request: CallRequest, broken: Collection[str]) -> Iterator[Problem]:
    given = _given(request, "call", broken)
    if len(given) != 1:
        words = f"needs exactly one of say, steps, twiml and url, has {', '.join(given) or 'none'}"
        yield Problem("$", "conflict" if given else "no_content", words)
    for name in ("voice", "language"):
        if getattr(request, name) is not None and "say" not in given:
            yield Problem(f"$.{name}", "conflict", "goes with say only")
    if request.async_amd is not None and request.machine_detection is None:
        yield Problem("$.async_amd", "conflict", "goes with machine_detection only")


def _given(request: AnyRequest, kind: str, broken: Collection[str]) -> list[str]:
    return [name for name in _CONTENT[kind] if getattr(request, name) or name in broken]


def _is_named(address: str, channel: str) -> bool:
    """Whether an address is a client's or a SIP one, which has a name and no number.

    Raises:
        NumberError: the name is none.
    """
    if channel not in _CALL_CHANNELS:
        return False
    if not _NAME.fullmatch(address.removeprefix(channel)):
        raise NumberError("invalid_number", f"needs a name in printable ASCII after {channel}")
    return True


def _channel(address: str, channels: tuple[str, ...]) -> str:
    """The channel that an address begins with, or nothing."""
    return next((channel for channel in channels if address.startswith(channel)), "")
