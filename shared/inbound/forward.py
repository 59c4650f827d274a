"""A caller's own status callback: pass Twilio's report on, signed as Twilio signs it.

The URL was checked when the request was accepted, but a name can lead to another address later:
the address is checked again when the connection is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.accept.links import is_local
from shared.log import log
from shared.public_addresses import public_socket

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

    from shared.forms import Form
    from shared.settings import Settings

_TIMEOUT_SECONDS: Final = 8.0
_CONNECT_TIMEOUT_SECONDS: Final = 4.0
_FIRST_ERROR_STATUS: Final = 400


async def forward_callback(
    settings: Settings, url: str, form: Form, *, resolver: AbstractResolver | None = None
) -> bool:
    """POST `form` to `url`; return False if it was not taken (4xx, 5xx, time-out, no connection).

    The signature is made with the account's auth token for that URL, so that a program which
    checks Twilio's callbacks takes these unchanged. Only public addresses are connected to, except
    during development, when all is on one machine. `resolver` looks names up.
    """
    import aiohttp
    from twilio.request_validator import RequestValidator
    from yarl import URL

    # What is signed is the URL as the receiver sees it: no fragment, every escape as it is.
    seen = url.partition("#")[0]
    signature = RequestValidator(settings.twilio_auth_token).compute_signature(seen, form)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS, connect=_CONNECT_TIMEOUT_SECONDS)
    sockets = None if is_local(settings.public_base_url) else public_socket
    try:
        connector = aiohttp.TCPConnector(resolver=resolver, socket_factory=sockets)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
            session.post(
                URL(seen, encoded=True),
                data=form.pairs,
                headers={"X-Twilio-Signature": signature},
                allow_redirects=False,
            ) as answer,
        ):
            taken = answer.status < _FIRST_ERROR_STATUS
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        taken = False
    log("forwarded", taken=taken)
    return taken
