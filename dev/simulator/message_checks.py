"""What Twilio checks before it takes a message, and the code of each refusal."""

import time
from datetime import datetime
from typing import Final

import msgspec

from dev.simulator.addresses import message_recipient, message_sender, web_address
from dev.simulator.books import Wish
from dev.simulator.errors import RefusalError
from dev.simulator.magic_numbers import refuse_magic_message
from dev.simulator.messages import opted_out
from dev.simulator.rest import Asked, whole

LONGEST_BODY: Final = 1600
MOST_MEDIA: Final = 10
LONGEST_VALIDITY: Final = 36_000
SOONEST, LATEST = 300, 35 * 24 * 3600


class Draft(msgspec.Struct):
    """A message that passed the checks."""

    to: str
    sender: str | None
    service: str | None
    body: str
    media: list[str]
    status: str
    wish: Wish | None


def draft(asked: Asked) -> Draft:
    """Read and check the fields of a new message.

    Raises:
        RefusalError: The first thing that Twilio would refuse.
    """
    to = _recipient(asked)
    service, sender = _sender(asked)
    body, media = _content(asked)
    account = asked.exchange.account
    refuse_magic_message(to, sender or account.number, owned=account.number)
    if sender and opted_out(asked.exchange, to, sender):
        raise RefusalError(21610)
    if service and not account.advanced_opt_out and opted_out(asked.exchange, to, account.number):
        raise RefusalError(21610)
    _check_validity(asked.one("ValidityPeriod"))
    send_at = _schedule(asked, service)
    callback = asked.one("StatusCallback")
    if callback and not web_address(callback):
        raise RefusalError(21609, callback)
    wish = Wish(sid="", callback=callback, send_at=send_at) if callback or send_at else None
    status = "scheduled" if send_at else "accepted" if service else "queued"
    return Draft(to, sender, service, body, media, status, wish)


def _recipient(asked: Asked) -> str:
    text = asked.one("To")
    if not text:
        raise RefusalError(21604)
    to = message_recipient(text)
    if to is None:
        raise RefusalError(21211, text)
    return to


def _sender(asked: Asked) -> tuple[str | None, str | None]:
    """The Messaging Service and the sender: at least one of them."""
    text = asked.one("From")
    service = asked.one("MessagingServiceSid")
    if text.startswith("MG"):  # Twilio takes a service in either place
        text, service = "", text
    if not text and not service:
        raise RefusalError(21603)
    if service and not _sid(service, "MG"):
        raise RefusalError(21705, service)
    sender = message_sender(text) if text else None
    if text and sender is None:
        raise RefusalError(21212, text)
    return service or None, sender


def _sid(text: str, prefix: str) -> bool:
    return text.startswith(prefix) and len(text) == 34 and text[2:].isalnum()  # noqa: PLR2004 # a SID's length


def _content(asked: Asked) -> tuple[str, list[str]]:
    body = asked.one("Body")
    media = [url for url in asked.form.get("MediaUrl", []) if url]
    content = asked.one("ContentSid")
    if not (body or media or content):
        raise RefusalError(21602)
    if len(body) > LONGEST_BODY:
        raise RefusalError(21617)
    if len(media) > MOST_MEDIA:
        raise RefusalError(21623)
    if bad := [url for url in media if not web_address(url)]:
        raise RefusalError(21620, ", ".join(bad))
    if content:
        body = _filled(content, asked.one("ContentVariables"))
    return body, media


def _filled(content: str, variables: str) -> str:
    """Stand in for a content template, which lives at Twilio: its name and its variables."""
    if not _sid(content, "HX"):
        raise RefusalError(20404, f"/Content/{content}")
    try:
        given = msgspec.json.decode(variables or "{}", type=dict[str, object])
    except msgspec.DecodeError:
        raise RefusalError(21656) from None
    return " ".join([f"[{content}]", *(f"{name}={value}" for name, value in given.items())])


def _check_validity(text: str) -> None:
    if text and not 1 <= (whole(text) or 0) <= LONGEST_VALIDITY:
        raise RefusalError(20001, f"ValidityPeriod {text}")


def _schedule(asked: Asked, service: str | None) -> float | None:
    """When to send, in seconds since 1970; None means now."""
    at, kind = asked.one("SendAt"), asked.one("ScheduleType")
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
    if not SOONEST <= moment - time.time() + 1 <= LATEST:
        raise RefusalError(35114)
    return moment
