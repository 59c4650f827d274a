"""Read phone numbers, senders and URLs as Twilio does."""

import re
from urllib.parse import urljoin, urlsplit

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CHANNEL = re.compile(r"(whatsapp|rcs|messenger|viber):\S+")
SHORT_CODE = re.compile(r"[0-9]{3,8}")
ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")
ENDPOINT = re.compile(r"(client|sip|sips):\S+", re.IGNORECASE)
PUNCTUATION = re.compile(r"[\s().\-]")
NATIONAL = re.compile(r"1?([0-9]{10})")


def phone_number(text: str) -> str | None:
    """Return an E.164 number, or None. US numbers may be written as people do."""
    if E164.fullmatch(text):
        return text
    bare = PUNCTUATION.sub("", text)
    if national := NATIONAL.fullmatch(bare):
        return f"+1{national[1]}"
    return bare if E164.fullmatch(bare) else None


def message_recipient(text: str) -> str | None:
    """Return a number, or a channel address such as ``whatsapp:+1415…``; else None."""
    return phone_number(text) or (text if CHANNEL.fullmatch(text) else None)


def message_sender(text: str) -> str | None:
    """Return a sender: a number, a channel address, a short code or a sender ID; else None."""
    other = SHORT_CODE.fullmatch(text) or ALPHANUMERIC.fullmatch(text)
    return message_recipient(text) or (text if other else None)


def callee(text: str) -> str | None:
    """Return what can be called: a number, a client or a SIP address; else None."""
    return phone_number(text) or (text if ENDPOINT.fullmatch(text) else None)


def absolute(base: str, url: str) -> str:
    """Resolve a URL against another; what is not a URL stays as it is and fails when used."""
    try:
        return urljoin(base, url.strip())
    except ValueError:
        return url


def is_web_address(text: str) -> bool:
    """Whether this is an http or https URL with a host that Twilio calls."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and "_" not in str(host)
