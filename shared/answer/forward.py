"""A caller's own status callback: Twilio's report passed on, signed as Twilio would have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.log import log

if TYPE_CHECKING:
    from shared.answer.form import Form
    from shared.settings import Settings

_PATIENCE: Final = 8.0
_FIRST_ERROR: Final = 400


async def forward(settings: Settings, url: str, form: Form) -> bool:
    """POST `form` to `url`; False where nobody took it (4xx, 5xx, time-out, no connection).

    The signature is made with the account's auth token for that URL, so that a program which
    checks Twilio's callbacks takes these unchanged.
    """
    import aiohttp
    from twilio.request_validator import RequestValidator

    fields = dict(form.pairs)
    signature = RequestValidator(settings.twilio_auth_token).compute_signature(url, fields)
    timeout = aiohttp.ClientTimeout(total=_PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(
                url, data=fields, headers={"X-Twilio-Signature": signature}, allow_redirects=False
            ) as answer,
        ):
            taken = answer.status < _FIRST_ERROR
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        taken = False
    log("forwarded", taken=taken)
    return taken
