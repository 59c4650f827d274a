"""Validation in one pass: from untrusted fields to one `ValidRequest`, or every problem at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.accept.addresses import require_recipient, require_same_channel, require_sender
from shared.accept.decode import MAX_MEMBERS, decode_fields
from shared.accept.idempotency import key_name, validate_key
from shared.accept.links import validate_callback, validate_link, validate_twiml_links
from shared.accept.problems import cut_name, limit_problems
from shared.errors import InvalidRequestError, Problem
from shared.jobs.job import MAX_JOB_BYTES
from shared.jobs.request import (
    MAX_BODY_CHARACTERS,
    REQUEST_OF_KIND,
    CallRequest,
    MessageRequest,
)
from shared.jobs.segments import count_request_segments
from shared.phone_numbers import (
    WHATSAPP,
    NumberError,
    canonical_address,
    country_of,
    is_messaging_service,
    mask_number,
    require_dialable,
)
from shared.routes import own_twimlet_url
from shared.twiml.call_script import render_call_script
from shared.twiml.destinations import destinations_in
from shared.twiml.steps import branches_of, render_steps
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
_CONTENT: Final[dict[Kind, tuple[str, ...]]] = {
    "message": ("body", "media_url", "content_sid"),
    "call": ("say", "steps", "twiml", "url", "application_sid"),
}
# Fields that only make sense beside another one.
_GOES_WITH: Final = {
    "voice": "say",
    "language": "say",
    "async_amd": "machine_detection",
    "async_amd_status_callback": "async_amd",
    "method": "url",
    "fallback_method": "fallback_url",
    "status_callback_event": "status_callback",
    "status_callback_method": "status_callback",
    "recording_status_callback": "record",
    "content_variables": "content_sid",
    "fallback_from": "messaging_service_sid",
    "schedule_type": "send_at",
}
_CALLBACKS: Final = ("status_callback", "recording_status_callback", "async_amd_status_callback")
_LINKS: Final = ("url", "fallback_url", "client_notification_url")
_MAX_PASSPORTS: Final = 5
_OTHER_ADDRESS: Final = re.compile("(client|sips?):|DE[0-9a-f]{32}$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ValidRequest:
    """A request that can be accepted, with everything that validation learned about it.

    `encoded` is the request as JSON. `segments` is None if it is not sent as SMS. `is_list` says
    that recipients were asked for as a list, even of one. `key` is the name of its idempotency key.
    """

    request: AnyRequest
    recipients: tuple[str, ...]
    sender: str | None
    segments: int | None
    is_list: bool
    encoded: bytes
    key: str | None


def validate_request(
    kind: Kind, fields: Mapping[str, Any], settings: Settings, now: datetime, key: str | None = None
) -> ValidRequest:
    """Return the request that `fields` describe, which is to be kept under `key`.

    With a key, a `send_at` that is too early or too far is a problem only among others: by itself
    it depends on when the request was first made, which `require_send_at` checks.

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
        message = f"takes more than {MAX_JOB_BYTES} bytes, which is what one queue message holds"
        problems.append(Problem("$", "too_large", message))
    if key is not None:
        problems += validate_key(key)
    if problems or key is None:
        problems += validate_send_at(request, now)
    if problems:
        raise InvalidRequestError(limit_problems(problems))
    return ValidRequest(
        request=request,
        recipients=recipients,
        sender=sender,
        segments=count_request_segments(request, recipients),
        is_list=not isinstance(request.to, str),
        encoded=encoded,
        key=None if key is None else key_name(key),
    )


def recipients_of(request: AnyRequest) -> tuple[str, ...]:
    """Return the recipients of a request, in order."""
    return (request.to,) if isinstance(request.to, str) else tuple(request.to)


def resolve_sender(
    request: AnyRequest, recipients: Collection[str], settings: Settings
) -> str | None:
    """Return who sends: the request's sender, else the default one in the recipients' channel."""
    if isinstance(request, CallRequest):
        return request.from_ or settings.twilio_from_number
    if request.messaging_service_sid:
        return canonical_address(request.messaging_service_sid)
    if request.from_:
        return request.from_
    if settings.twilio_messaging_service_sid:
        return canonical_address(settings.twilio_messaging_service_sid)
    number = settings.twilio_from_number
    on_whatsapp = bool(recipients) and all(to.startswith(WHATSAPP) for to in recipients)
    return WHATSAPP + number if number and on_whatsapp else number


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
    problems = [
        *_validate_recipients(request, recipients, settings),
        *_validate_content(request, settings),
        *_validate_links(request, settings),
    ]
    if "from" not in broken:
        problems += _validate_sender(request, recipients, sender, settings)
    problems += _validate_combinations(request, sender, broken)
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
        message = f"is more than a minute in the past; it is {at:%Y-%m-%dT%H:%M:%S%:z} now"
        return [Problem("$.send_at", "in_the_past", message)]
    if request.send_at > at + MAX_DISTANCE:
        return [
            Problem("$.send_at", "too_far", "is more than a year ahead; choose an earlier time")
        ]
    return []


def validate_script(request: CallRequest, settings: Settings) -> Iterator[Problem]:
    """Find what is wrong with what a call says and does: its text, steps or TwiML.

    Numbers inside are held to the rules for destinations. What a `url` or an application of
    yours answers cannot be checked; Twilio's geographic permissions are for that.
    """
    try:
        twiml = render_call_script(request)
    except InvalidRequestError as error:
        yield from error.problems
        return
    path = "$.steps" if request.say is None else "$.say"
    if request.twiml:
        path, twiml = "$.twiml", request.twiml
        if problems := validate_twiml(twiml, path):
            yield from problems
            return
    if twiml is None or path == "$.say":
        return
    yield from _validate_targets(twiml, path, settings)
    for at, _, branch in branches_of(request.steps or []):
        yield from _validate_targets(render_steps(branch, "call", at, inline=True), at, settings)


def _validate_targets(twiml: str, path: str, settings: Settings) -> Iterator[Problem]:
    """Find the numbers and links in a document that it may not have."""
    for place, address in destinations_in(twiml):
        if refusal := _refuse_destination(address, settings):
            message = f"{cut_name(place)}: {mask_number(address)} {refusal}"
            yield Problem(path, refusal.code, message)
    for text in validate_twiml_links(twiml, own=settings.public_base_url):
        yield Problem(path, "link_not_allowed", text)


def _refuse_destination(address: str, settings: Settings) -> NumberError | None:
    """Return the rule that a number inside TwiML breaks; other addresses are not ours to judge."""
    if _OTHER_ADDRESS.match(address):
        return None
    sender = settings.twilio_from_number
    try:
        country = country_of(sender) if sender else None
        require_dialable(address, settings.allowed_countries, country=country)
    except NumberError as error:
        return error
    return None


def _readable(to: object) -> str | list[str]:
    """Return the recipients of a request that could not be decoded, as far as they are texts."""
    if isinstance(to, list):
        return [member if isinstance(member, str) else "" for member in to[:MAX_MEMBERS]]
    return to if isinstance(to, str) else ""


def _validate_recipients(
    request: AnyRequest, recipients: Collection[str], settings: Settings
) -> Iterator[Problem]:
    is_list = not isinstance(request.to, str)
    seen: set[str] = set()
    for index, to in enumerate(recipients):
        if not to:
            continue
        path = f"$.to[{index}]" if is_list else "$.to"
        if to in seen:
            yield Problem(path, "duplicate", "is in the list already; leave it out")
        seen.add(to)
        try:
            require_recipient(request.kind, to, settings)
        except NumberError as error:
            yield Problem(path, error.code, str(error))


def _validate_sender(
    request: AnyRequest, recipients: Collection[str], sender: str | None, settings: Settings
) -> Iterator[Problem]:
    if sender is None:
        message = "is required, since the settings have no default sender, e.g. +15005550006"
        yield Problem("$.from", "missing", message)
    senders = {"$.from": request.from_}
    if isinstance(request, MessageRequest):
        senders["$.fallback_from"] = request.fallback_from
    for path, address in senders.items():
        try:
            if address is not None:
                require_sender(request.kind, address, settings)
                for to in recipients if path == "$.from" else ():
                    require_same_channel(request.kind, address, to)
        except NumberError as error:
            yield Problem(path, error.code, str(error))


def _validate_content(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    if isinstance(request, CallRequest):
        yield from validate_script(request, settings)
        if request.passports and request.passports.count(",") >= _MAX_PASSPORTS:
            yield Problem("$.passports", "too_long", f"must be at most {_MAX_PASSPORTS} passports")
        return
    body = request.body or ""
    yield from validate_characters(body, "$.body")
    if len(body) > MAX_BODY_CHARACTERS:
        message = f"has {len(body)} characters; Twilio takes {MAX_BODY_CHARACTERS}: shorten it"
        yield Problem("$.body", "too_long", message)


def _validate_links(request: AnyRequest, settings: Settings) -> Iterator[Problem]:
    own, allowed = settings.public_base_url, settings.media_hosts
    is_media = isinstance(request, MessageRequest)
    links: list[tuple[str, str | None]]
    if not isinstance(request, MessageRequest):
        links = [(f"$.{name}", getattr(request, name)) for name in _LINKS]
    elif isinstance(request.media_url, list):
        links = [(f"$.media_url[{n}]", link) for n, link in enumerate(request.media_url)]
    else:
        links = [("$.media_url", request.media_url)]
    for path, link in links:
        # A page of twimlets.com becomes our own one of that name.
        target = link and own_twimlet_url(link, own)
        if target and (
            message := validate_link(target, own=own, allowed=allowed, is_media=is_media)
        ):
            yield Problem(path, "link_not_allowed", message)
    for name in _CALLBACKS:
        link = getattr(request, name, None)
        if link and (message := validate_callback(link, own=own)):
            yield Problem(f"$.{name}", "link_not_allowed", message)


def _validate_combinations(
    request: AnyRequest, sender: str | None, broken: Collection[str]
) -> Iterator[Problem]:
    content = _CONTENT[request.kind]
    given = [name for name in content if getattr(request, name) or name in broken]
    if isinstance(request, MessageRequest):
        if not given:
            yield Problem("$", "no_content", "needs body and/or media_url, or content_sid")
        if "content_sid" in given and len(given) > 1:
            message = "content_sid cannot be combined with body or media_url; leave one of them out"
            yield Problem("$", "conflict", message)
        if request.shorten_urls and not is_messaging_service(sender or ""):
            message = "needs a Messaging Service; add messaging_service_sid"
            yield Problem("$.shorten_urls", "conflict", message)
    elif len(given) != 1:
        have = ", ".join(given) or "none"
        names = f"{', '.join(content[:-1])} and {content[-1]}"
        message = f"needs exactly one of {names}, has {have}"
        yield Problem("$", "conflict" if given else "no_content", message)
    for name, other in _GOES_WITH.items():
        has_other = bool(getattr(request, other, None)) or other in broken
        if getattr(request, name, None) is not None and not has_other:
            yield Problem(f"$.{name}", "conflict", f"goes with {other} only; add {other}")
