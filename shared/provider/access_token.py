"""Access tokens for Twilio's browser and mobile Voice SDKs.

https://www.twilio.com/docs/iam/access-tokens
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.errors import Problem

if TYPE_CHECKING:
    from datetime import datetime

MAX_TTL_SECONDS: Final = 24 * 60 * 60
MAX_IDENTITY_CHARACTERS: Final = 256

# https://www.twilio.com/docs/api/errors/31105, whose delims and unwise are those of RFC 2396.
_NOT_IN_IDENTITY: Final = re.compile(r"""[^\x21-\x7e]|[<>#%"{}|\\^\[\]`]""")


def validate_identity(identity: str, path: str = "$.identity") -> list[Problem]:
    """Return what keeps `identity` from being a client's name at Twilio."""
    if not identity:
        return [Problem(path, "required", "must not be empty")]
    if len(identity) > MAX_IDENTITY_CHARACTERS:
        return [Problem(path, "too_long", f"has {len(identity)} characters; Twilio takes 256")]
    found = _NOT_IN_IDENTITY.search(identity)
    if found:
        return [
            Problem(
                path, "forbidden_character", f"may not hold U+{ord(found[0]):04X}, e.g. alice_smith"
            )
        ]
    return []


def create_access_token(  # noqa: PLR0913 - each names a claim of the token
    *,
    account_sid: str,
    api_key_sid: str,
    api_key_secret: str,
    twiml_app_sid: str | None,
    identity: str,
    ttl_seconds: int,
    incoming: bool,
    now: datetime,
) -> str:
    """Return a JWT with which `identity` may call through the app, and be called if `incoming`.

    It is valid from `now` for `ttl_seconds`, of which Twilio takes at most 86400.
    """
    # Imported on use: PyJWT brings `cryptography` along, and only this route needs it.
    from twilio.jwt.access_token import AccessToken
    from twilio.jwt.access_token.grants import VoiceGrant

    start = int(now.timestamp())
    token = AccessToken(
        account_sid,
        api_key_sid,
        api_key_secret,
        identity=identity,
        nbf=start,
        valid_until=start + ttl_seconds,
    )
    token.add_grant(VoiceGrant(incoming_allow=incoming, outgoing_application_sid=twiml_app_sid))
    return str(token.to_jwt())
