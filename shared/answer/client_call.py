"""A Twilio Client (a browser or a phone's app) calls a number or another client."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twilio.twiml.voice_response import VoiceResponse

from shared.answer.access_token import check_identity
from shared.answer.twiml_text import written
from shared.answer.twimlets.speech import apology
from shared.phone_number import NumberError, check_destination, country_of, read_number

if TYPE_CHECKING:
    from shared.settings import Settings

CLIENT: Final = "client:"
_NUMBER: Final = re.compile(r"\+?[\d\s().-]+")


def dial(to: str, settings: Settings) -> str:
    """TwiML that connects the client with `to`: a number, or another client's identity.

    A number is held to the numbering plans and to ALLOWED_COUNTRIES like any other call.
    """
    if not _NUMBER.fullmatch(to):
        return _dial_client(to.removeprefix(CLIENT))
    sender = settings.twilio_from_number
    try:
        number = read_number(to, country=country_of(sender) if sender else None)
        check_destination(number, settings.allowed_countries)
    except NumberError:
        return apology("Sorry, this number cannot be called from here. Good bye.").twiml
    if sender is None:
        # A client has no number of its own that a telephone could show.
        return apology("Sorry, there is no number to call from. Good bye.").twiml
    response = VoiceResponse()
    response.dial(caller_id=sender).number(number)
    return written(response)


def _dial_client(identity: str) -> str:
    if check_identity(identity):
        return apology("Sorry, nobody of this name can be called. Good bye.").twiml
    response = VoiceResponse()
    response.dial().client(identity)
    return written(response)
