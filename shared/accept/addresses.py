"""Check recipients and senders; this is the only place that reads the channel of an address.

A sender and a recipient must be on the same channel:

| `from` | sends to |
|---|---|
| a number, a short code, a name, `rcs:` | numbers and `rcs:` |
| `whatsapp:`, `messenger:` | addresses on that channel |
| a number (calls) | numbers, `client:`, `sip:` |
| `client:`, `sip:` (calls) | `client:`, `sip:` |

A Messaging Service sends to all of them, and the default number on the channel of each recipient.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.phone_numbers import RCS, WHATSAPP, NumberError, parse_e164, require_destination
from shared.provider.access_token import validate_identity

if TYPE_CHECKING:
    from shared.kinds import Kind
    from shared.settings import Settings

_CLIENT: Final = "client:"
_SIP: Final = "sip:"
_MESSENGER: Final = "messenger:"
# The channels that addresses of each kind may have, and those that count as the telephone network.
_CHANNELS: Final[dict[Kind, tuple[str, ...]]] = {
    "message": (WHATSAPP, RCS, _MESSENGER),
    "call": (_CLIENT, _SIP),
}
_PRINTABLE: Final = re.compile("[!-~]+")
# RCS and Messenger senders, short codes, and alphanumeric sender ids with at least one letter.
_SENDER: Final = re.compile(r"(rcs|messenger):[!-~]+|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")


def channel_of(kind: Kind, address: str) -> str:
    """Return the channel of an address, such as `whatsapp:`; nothing for a telephone's number."""
    name, colon, _ = address.partition(":")
    return name + colon if name + colon in _CHANNELS[kind] else ""


def require_recipient(kind: Kind, address: str, settings: Settings) -> None:
    """Refuse an address that cannot be sent to.

    Raises:
        NumberError: with the code of the rule that refuses it.
    """
    channel = channel_of(kind, address)
    if channel in (_CLIENT, _SIP):
        _require_name(address, channel)
    else:
        _require_number(kind, address)
        require_destination(address, settings.allowed_countries, reserved=settings.is_simulated)


def require_sender(kind: Kind, address: str, settings: Settings) -> None:
    """Refuse an address that cannot send.

    Raises:
        NumberError: `invalid_number`.
    """
    channel = channel_of(kind, address)
    if channel in (_CLIENT, _SIP):
        _require_name(address, channel)
    elif kind == "call" or not _SENDER.fullmatch(address):
        _require_number(kind, address)
        parse_e164(address, reserved=settings.is_simulated)


def require_same_channel(kind: Kind, sender: str, to: str) -> None:
    """Refuse a sender that the request names and that cannot reach the recipient's channel.

    Raises:
        NumberError: `channel_mismatch`.
    """
    sends, receives = channel_of(kind, sender), channel_of(kind, to)
    if kind == "call":
        if sends and not receives:
            message = f"is on {sends} and cannot call a number; use a number, e.g. +15005550006"
            raise NumberError("channel_mismatch", message)
    elif sends.replace(RCS, "") != receives.replace(RCS, ""):
        example = f"{receives}+15005550006" if receives in (WHATSAPP, RCS) else "+15005550006"
        message = (
            f"sends {_named(sends)}, and the recipient is addressed {_named(receives)}; "
            f"use a sender of the same channel, e.g. {example}"
        )
        raise NumberError("channel_mismatch", message)


def _require_number(kind: Kind, address: str) -> None:
    """Refuse a channel that calls do not have."""
    if kind == "call" and ":" in address:
        message = "must be a number in E.164, client: or sip:, e.g. +14155552671"
        raise NumberError("invalid_number", message)


def _named(channel: str) -> str:
    return f"on {channel.rstrip(':')}" if channel else "by SMS"


def _require_name(address: str, channel: str) -> None:
    """Refuse a client or SIP address without a usable name.

    A client is named as in an access token; parameters may follow it (`client:alice?a=b%20c`).
    """
    name, _, parameters = address.removeprefix(channel).partition("?")
    if not _PRINTABLE.fullmatch(name + parameters) or not name:
        message = f"needs a name in printable ASCII after {channel}, e.g. {channel}alice"
        raise NumberError("invalid_number", message)
    if channel == _CLIENT and (problems := validate_identity(name)):
        message = f"is not a client's identity: it {problems[0].message}, e.g. client:alice"
        raise NumberError("invalid_number", message)
