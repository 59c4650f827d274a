"""The settings that tests run with; nothing in them reaches beyond this machine."""

from typing import Final

from shared.inbound.answers import parse_answer
from shared.ledger.digests import Digests
from shared.settings import Settings, read_settings

ACCOUNT_SID: Final = "AC" + "0" * 32
AUTH_TOKEN: Final = "local-token"
SENDER: Final = "+15005550006"
PUBLIC_BASE_URL: Final = "https://switchboard.example"
NOBODY: Final = "http://127.0.0.1:9"  # the discard port, on which nobody listens

# As the app with these settings has them.
DIGESTS: Final = Digests((ACCOUNT_SID,))

ENVIRONMENT: Final = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_FROM_NUMBER": SENDER,
    "TWILIO_API_BASE_URL": NOBODY,
    "PUBLIC_BASE_URL": PUBLIC_BASE_URL,
    "MESSAGE_STORAGE": "UseDevelopmentStorage=true",
}


def settings(**changes: str) -> Settings:
    """The settings of `ENVIRONMENT` with some changed; a blank value takes one away."""
    return read_settings({**ENVIRONMENT, **changes}, validate_answer=parse_answer)
