"""Keeps other sites' pages, and strangers behind a tunnel, away from the local host.

Its keys may be the published local ones, so a page in the developer's browser must not be able to
use them, nor a name that leads to this machine (DNS rebinding).
"""

import re
from collections.abc import Mapping

from dev.host.application import IndexedFunction

LOCAL = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
# Twilio, or a client with credentials of its own, is checked by these functions themselves.
SELF_CHECKING = ("twiml", "webhooks", "2010-04-01")
HEALTH = "health"


def is_local(authority: str) -> bool:
    """Whether a Host header, or the authority of an Origin, names this machine."""
    return bool(LOCAL.fullmatch(authority))


def is_from_another_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser sent the request for a page that is not this machine's."""
    if headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
        return True
    origin = headers.get("Origin")
    if origin is None:
        return False
    scheme, _, authority = origin.partition("://")
    return scheme not in ("http", "https") or not is_local(authority)


def is_open_to_strangers(function: IndexedFunction) -> bool:
    """Whether a request by a public name may reach the function: it checks signatures itself."""
    route = function.route.lower()
    return function.auth_level == "anonymous" and (
        route == HEALTH or route.partition("/")[0] in SELF_CHECKING
    )
