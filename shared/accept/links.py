"""Check the URLs that a request names, which Twilio or we will call."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree as ET

from shared import routes
from shared.accept.problems import cut_name
from shared.public_addresses import is_public

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from urllib.parse import SplitResult

# Printable ASCII without the backslash: some programs read it as a slash, and so as the end of
# the host.
_CHARACTERS: Final = re.compile(r"[!-\[\]-~]+")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PUBLIC_NAME: Final = re.compile(r"(?:[a-z0-9_-]{1,63}\.)+([a-z][a-z0-9-]{0,62})\.?")
_PRIVATE_DOMAINS: Final = frozenset(
    {"localhost", "local", "internal", "lan", "home", "corp", "test", "invalid"}
)
_LINK_ATTRIBUTE: Final = re.compile("(action|url|callback)$", re.IGNORECASE)
_LINK_ELEMENTS: Final = frozenset({"Redirect", "Play", "Media", "Identity", "Stream"})


def validate_link(
    link: str, *, own: str, allowed: Collection[str], is_media: bool = False
) -> str | None:
    """Return why Twilio may not be sent to a URL for TwiML, or for media, or None.

    The URL must be https on a public host. `allowed` are host names, with or without a port;
    if there are any, the host must be one of them, public or not. On our own site TwiML comes
    from the twimlets and media from outside `/api`: Twilio signs its requests, and anything else
    there would believe them.
    """
    parts, message = _read(link)
    if parts is None:
        return message
    if _is_own_site(parts, own):
        if is_media:
            in_api = f"{routes.PREFIX}/" in unquote(parts.path).lower()
            return "must not be a route of this app" if in_api else None
        return None if _is_own_twimlet(link, own) else _own_message(own)
    if parts.scheme != "https":
        return "must be https, e.g. https://example.com/a.xml"
    if allowed:
        listed = parts.hostname in allowed or f"{parts.hostname}:{parts.port}" in allowed
        return None if listed else "is on a host that MEDIA_HOSTS does not list"
    return None if _is_public(parts.hostname or "") else "must be on a public host"


def validate_callback(link: str, *, own: str) -> str | None:
    """Return why status callbacks may not be forwarded to a URL, or None.

    We sign what we forward, so our own site would believe it. During development the receiver may
    be on this machine, as we are.
    """
    parts, message = _read(link)
    if parts is None:
        return message
    if _is_own_site(parts, own):
        return "must not be on our own site; name a site of yours, e.g. https://example.com/status"
    if is_local(own) and is_local(link):
        return None
    if parts.scheme != "https":
        return "must be https, e.g. https://example.com/status"
    return None if _is_public(parts.hostname or "") else "must be on a public host"


def validate_twiml_links(twiml: str, *, own: str) -> Iterator[str]:
    """Yield why the URLs in a TwiML document that lead to our own site may not be used.

    `twiml` is well-formed. Relative URLs lead to our own site too, since we serve long documents.
    A link that is written with character references is refused, because it would keep what is
    removed from the links that can be seen.
    """
    base = routes.call_twiml_url(own, "x")
    for element in ET.fromstring(twiml).iter():  # noqa: S314 - parsed before, without a DTD
        links = [value for name, value in element.items() if _LINK_ATTRIBUTE.search(name)]
        if element.tag in _LINK_ELEMENTS:
            links.append(element.text or "")
        for link in links:
            parts, _ = _read(urljoin(base, link.strip()))
            if parts is None or not _is_own_site(parts, own):
                continue
            visible = link.replace("&", "&amp;") in twiml
            if not (visible and _is_own_twimlet(link.strip(), own)):
                yield f"in <{cut_name(element.tag)}> a URL {_own_message(own)}"


def is_local(url: str) -> bool:
    """Tell whether a URL is on this very machine, as everything is during development."""
    try:
        return _is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _read(link: str) -> tuple[SplitResult | None, str]:
    """Return the parts of an absolute URL, or None and what is wrong with it."""
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None, "is not a URL; write e.g. https://example.com/a.xml"
    if parts.scheme not in _DEFAULT_PORTS or not host or not _CHARACTERS.fullmatch(link):
        return None, "must be an absolute https URL, e.g. https://example.com/a.xml"
    if parts.username is not None or parts.password is not None:
        return None, "must not hold a user name or password"
    return parts, ""


def _is_own_site(parts: SplitResult, own: str) -> bool:
    """Tell whether a URL leads to our own site, whatever way its host and port are written."""
    ours = urlsplit(own)
    host, our_host = _host(parts), _host(ours)
    same_host = host == our_host or (_is_loopback(host) and _is_loopback(our_host))
    ports = {_port(parts), _port(ours)}
    return same_host and (len(ports) == 1 or ports == set(_DEFAULT_PORTS.values()))


def _is_own_twimlet(link: str, own: str) -> bool:
    """Tell whether a URL is that of a twimlet, exactly as we would write it ourselves."""
    twimlet = re.escape(routes.twimlet_url(own, "")) + r"[a-z]+(?:[?#].*)?"
    return re.fullmatch(twimlet, link) is not None


def _own_message(own: str) -> str:
    return f"on our own site must be a twimlet, e.g. {routes.twimlet_url(own, 'voicemail')}"


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").rstrip(".")


def _port(parts: SplitResult) -> int:
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public(host: str) -> bool:
    try:
        return is_public(host)
    except ValueError:
        # The likes of `localhost`, `metadata`, `10.1`, `0x7f.1` and `printer.local` are not names
        # in the public DNS.
        name = _PUBLIC_NAME.fullmatch(host)
        return name is not None and name[1] not in _PRIVATE_DOMAINS
