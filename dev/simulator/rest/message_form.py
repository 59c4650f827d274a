"""Check the form of a new message as Twilio does: the first error decides the code."""

import time
from datetime import datetime
from typing import Final

import msgspec

from dev.simulator.addresses import is_web_address, message_recipient, message_sender
from dev.simulator.books import MessageOptions
from dev.simulator.errors import RefusalError
from dev.simulator.rest.magic_numbers import refuse_magic_message
from dev.simulator.rest.serving import RestRequest, parse_int

MAX_BODY_CHARACTERS: Final = 1600
MAX_MEDIA: Final = 10
MAX_VALIDITY_SECONDS: Final = 36_000
MIN_SCHEDULE_SECONDS, MAX_SCHEDULE_SECONDS = 300, 35 * 24 * 3600


class Draft(msgspec.Struct):
    """A message that passed the checks."""

    to: str
    sender: str | None
    service: str | None
    body: str
    status: str
    options: MessageOptions


def read_draft(request: RestRequest) -> Draft:
    """Read and check the form of a new message.

    Raises:
        RefusalError: The first thing that Twilio would refuse.
    """
    to = _recipient(request)
    service, sender = _sender(request)
    body, media = _content(request)
    account, phones = request.exchange.account, request.exchange.phones
    refuse_magic_message(to, sender or account.number, owned=account.number)
    if sender and phones.has_opted_out(to, sender):
        raise RefusalError(21610)
    if service and not account.advanced_opt_out and phones.has_opted_out(to, account.number):
        raise RefusalError(21610)
    _check_validity(request.get("ValidityPeriod"))
    send_at = _send_at(request, service)
    callback = request.get("StatusCallback")
    if callback and not is_web_address(callback):
        raise RefusalError(21609, callback)
    options = MessageOptions(
        callback=callback,
        media=media,
        send_at=send_at,
        smart_encoded=request.get("SmartEncoded") == "true",
    )
    status = "scheduled" if send_at else "accepted" if service else "queued"
    return Draft(to, sender, service, body, status, options)


def _recipient(request: RestRequest) -> str:
    text = request.get("To")
    if not text:
        raise RefusalError(21604)
    to = message_recipient(text)
    if to is None:
        raise RefusalError(21211, text)
    return to


def _sender(request: RestRequest) -> tuple[str | None, str | None]:
    """Return the Messaging Service and the sender: at least one of them."""
    text = request.get("From")
    service = request.get("MessagingServiceSid")
    if _is_sid(text, "MG"):  # Twilio takes a service in either place
        text, service = "", text
    if not text and not service:
        raise RefusalError(21603)
    if service and not _is_sid(service, "MG"):
        raise RefusalError(21705, service)
    sender = message_sender(text) if text else None
    if text and sender is None:
        raise RefusalError(21212, text)
    return service or None, sender


def _is_sid(text: str, prefix: str) -> bool:
    return text.startswith(prefix) and len(text) == 34 and text[2:].isalnum()  # noqa: PLR2004 # a SID's length


def _content(request: RestRequest) -> tuple[str, list[str]]:
    body = request.get("Body")
    media = [url for url in request.form.get("MediaUrl", []) if url]
    content = request.get("ContentSid")
    if not (body or media or content):
        raise RefusalError(21602)
    if len(body) > MAX_BODY_CHARACTERS:
        raise RefusalError(21617)
    if len(media) > MAX_MEDIA:
        raise RefusalError(21623)
    if bad := [url for url in media if not is_web_address(url)]:
        raise RefusalError(21620, ", ".join(bad))
    if content:
        body = _template_text(content, request.get("ContentVariables"))
    return body, media


def _template_text(content: str, variables: str) -> str:
    """Stand in for a content template, whose text only Twilio has: its SID and its variables."""
    if not _is_sid(content, "HX"):
        raise RefusalError(20404, f"/Content/{content}")
    try:
        values = msgspec.json.decode(variables or "{}", type=dict[str, object])
    except msgspec.DecodeError:
        raise RefusalError(21656) from None
    return " ".join([f"[{content}]", *(f"{name}={value}" for name, value in values.items())])


def _check_validity(text: str) -> None:
    if text and not 1 <= (parse_int(text) or 0) <= MAX_VALIDITY_SECONDS:
        raise RefusalError(20001, f"ValidityPeriod {text}")


def _send_at(request: RestRequest, service: str | None) -> float | None:
    """Return when to send, in seconds since 1970; None means now."""
    at, kind = request.get("SendAt"), request.get("ScheduleType")
    if not at and not kind:
        return None
    if not at:
        raise RefusalError(35111)
    if kind != "fixed":
        raise RefusalError(35112)
    if not service:
        raise RefusalError(35118)
    try:
        moment = datetime.fromisoformat(at).timestamp()
    except ValueError:
        raise RefusalError(35114) from None
    if not MIN_SCHEDULE_SECONDS <= moment - time.time() + 1 <= MAX_SCHEDULE_SECONDS:
        raise RefusalError(35114)
    return moment
