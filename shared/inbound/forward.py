"""A caller's own status callback: pass Twilio's report on, signed as Twilio signs it.

The URL was checked when the request was accepted, but a name can lead to another address later:
the address is checked again when the connection is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from shared.accept.links import is_local
from shared.forms import Form
from shared.log import log
from shared.public_addresses import public_socket

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

    from shared.settings import Settings

_TIMEOUT_SECONDS: Final = 8.0
_CONNECT_TIMEOUT_SECONDS: Final = 4.0
_FIRST_ERROR_STATUS: Final = 400


async def forward_callback(  # noqa: PLR0913 - what is sent, how, and by whom it seems to be
    settings: Settings,
    url: str,
    form: Form,
    *,
    method: str = "POST",
    client: str | None = None,
    resolver: AbstractResolver | None = None,
) -> bool:
    """Send `form` to `url`; return False if it was not taken (4xx, 5xx, time-out, no connection).

    The signature is made for that URL with the secret of the Twilio client that asked, else with
    the account's auth token, so that a program which checks Twilio's callbacks takes these
    unchanged. Only public addresses are connected to, except during development, when all is on
    one machine. `resolver` looks names up.
    """
    import aiohttp
    from twilio.request_validator import RequestValidator
    from yarl import URL

    # What is signed is the URL as the receiver sees it: no fragment, every escape as it is.
    target, body = url.partition("#")[0], form
    if method == "GET":
        target += f"{'&' if '?' in target else '?'}{urlencode(form.pairs)}"
        body = Form()
    key = (settings.client_keys or {}).get(client or "")
    secret = key.secret if key else settings.twilio_auth_token
    signature = RequestValidator(secret).compute_signature(target, body)
    timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS, connect=_CONNECT_TIMEOUT_SECONDS)
    sockets = None if is_local(settings.public_base_url) else public_socket
    try:
        connector = aiohttp.TCPConnector(resolver=resolver, socket_factory=sockets)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
            session.request(
                method,
                URL(target, encoded=True),
                data=body.pairs or None,
                headers={"X-Twilio-Signature": signature},
                allow_redirects=False,
            ) as answer,
        ):
            taken = answer.status < _FIRST_ERROR_STATUS
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        taken = False
    log("forwarded", taken=taken)
    return taken
