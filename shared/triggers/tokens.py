"""`POST /api/token`: an access token for one of Twilio's Voice SDKs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from shared.accept.decode import decode_fields
from shared.accept.idempotency import validate_key
from shared.errors import InvalidRequestError, Problem, SettingsError
from shared.provider.access_token import MAX_TTL_SECONDS, create_access_token, validate_identity
from shared.triggers.requests import read_idempotency_key, read_json_object
from shared.triggers.responses import json_response
from shared.triggers.schemas import TokenResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.settings import Settings


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The client that the token is for, its `ttl` in seconds, and whether it may be called too."""

    identity: Annotated[
        str, Meta(description="The client's name, as in `client:alice`", examples=["alice"])
    ]
    ttl: Annotated[int, Meta(ge=1, le=MAX_TTL_SECONDS, description="Seconds")] = 3600
    incoming: Annotated[bool, Meta(description="Whether that client may be called too")] = True


async def issue(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with the token and when it ends."""
    decoded = decode_fields(read_json_object(req), TokenRequest, identity="")
    request = decoded.value
    problems = decoded.problems or validate_identity(request.identity)
    if problems := [*problems, *validate_key(read_idempotency_key(req))]:
        raise InvalidRequestError(problems)
    settings = app.settings
    _check(settings, calls_out=not request.incoming)
    now = app.now().replace(microsecond=0)
    token = create_access_token(
        account_sid=settings.twilio_account_sid,
        api_key_sid=settings.twilio_api_key_sid or "",
        api_key_secret=settings.twilio_api_key_secret or "",
        twiml_app_sid=settings.twilio_twiml_app_sid,
        identity=request.identity,
        ttl_seconds=request.ttl,
        incoming=request.incoming,
        now=now,
    )
    expires_at = now + timedelta(seconds=request.ttl)
    return json_response(
        TokenResponse(token=token, identity=request.identity, expires_at=expires_at)
    )


def _check(settings: Settings, *, calls_out: bool) -> None:
    """Refuse to make a token with which nothing could be done.

    Raises:
        SettingsError: with what tokens need and the settings lack.
    """
    needed = {
        "TWILIO_API_KEY_SID": settings.twilio_api_key_sid,
        "TWILIO_API_KEY_SECRET": settings.twilio_api_key_secret,
    }
    if calls_out:
        needed["TWILIO_TWIML_APP_SID"] = settings.twilio_twiml_app_sid
    missing = [name for name, value in needed.items() if not value]
    if missing:
        message = "is not set, and access tokens need it"
        raise SettingsError([Problem(name, "missing", message) for name in missing])
