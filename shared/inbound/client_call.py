"""A Twilio Client (a browser or a phone's app) calls a number or another client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twilio.twiml.voice_response import VoiceResponse

from shared.phone_numbers import NumberError, country_of, parse_number, require_destination
from shared.provider.access_token import validate_identity
from shared.twiml.text import render
from shared.twiml.twimlets.speech import apology

if TYPE_CHECKING:
    from shared.settings import Settings

CLIENT: Final = "client:"
_NUMBER: Final = re.compile(r"\+?[\d\s().-]+")


def dial_from_client(to: str, settings: Settings) -> str:
    """Return TwiML that connects the client with `to`: a number, or another client's identity.

    A number is held to the numbering plans and to ALLOWED_COUNTRIES like any other call.
    """
    if not _NUMBER.fullmatch(to):
        return _dial_client(to.removeprefix(CLIENT))
    sender = settings.twilio_from_number
    try:
        number = parse_number(to, country=country_of(sender) if sender else None)
        require_destination(number, settings.allowed_countries)
    except NumberError:
        return refuse_number()
    if sender is None:
        # A client has no number of its own that a telephone could show.
        return apology("Sorry, there is no number to call from. Good bye.").twiml
    response = VoiceResponse()
    response.dial(caller_id=sender).number(number)
    return render(response)


def refuse_number() -> str:
    """Return TwiML that says that the number may not be called."""
    return apology("Sorry, this number cannot be called from here. Good bye.").twiml


def _dial_client(identity: str) -> str:
    if validate_identity(identity):
        return apology("Sorry, nobody of this name can be called. Good bye.").twiml
    response = VoiceResponse()
    response.dial().client(identity)
    return render(response)
