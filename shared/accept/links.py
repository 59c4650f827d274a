"""Which URLs a request may name: what Twilio, or we, are sent to on a caller's word."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared.public_addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Collection

# Printable ASCII, but for the backslash: some programs take it for a slash, and so for the end
# of the host.
_CHARACTERS: Final = re.compile(r"[!-\[\]-~]+")


def validate_link(link: str, *, own: str, allowed: Collection[str]) -> str | None:
    """Why a URL may not be used, or None.

    Our own site may always be named. `allowed` are host names (with or without a port); where
    there are any, no other host will do. Otherwise the URL must be https on a public host.
    """
    try:
        parts = urlsplit(link)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not host or not _CHARACTERS.fullmatch(link):
        return "must be an absolute https URL"
    if parts.username is not None or parts.password is not None:
        return "must not hold a user name or password"
    if (parts.scheme, parts.netloc) == urlsplit(own)[:2]:
        return None
    if allowed:
        listed = host in allowed or f"{host}:{port}" in allowed
        return None if listed else "is on a host that MEDIA_HOSTS does not list"
    if parts.scheme != "https":
        return "must be https"
    return None if _is_public(host) else "must be on a public host"


def is_local(url: str) -> bool:
    """Whether a URL is on this very machine, as everything is while developing."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        # The likes of `localhost`, `metadata`, `10.1`, `0x7f.1` and `printer.local` are not names
        # in the public DNS.
        name = _NAME.fullmatch(host)
        return name is not None and name[1] not in _PRIVATE


_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+([a-z][a-z0-9-]{0,62})\.?")
_PRIVATE = frozenset({"localhost", "local", "internal", "lan", "home", "corp", "test", "invalid"})
