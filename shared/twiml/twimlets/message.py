"""The twimlets that only speak: `message` and `echo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render, validate_document
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import apology, say_nothing, speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest


def message(request: TwimletRequest) -> Answer:
    """Message[n]: each is played or said, in order; a text gets it as texts."""
    if request.one("MessageSid"):
        return _in_texts(request)
    response = VoiceResponse()
    for words in request.many("Message"):
        speak(response, words)
    return Answer(render(response))


def _in_texts(request: TwimletRequest) -> Answer:
    response = MessagingResponse()
    for words in request.many("Message"):
        if words.strip().lower().startswith("http"):
            response.message().media(words.strip())
        else:
            response.message(words)
    return Answer(render(response))


def echo(request: TwimletRequest) -> Answer:
    """Twiml: that document itself, if it is one."""
    twiml = request.one("Twiml")
    if not twiml:
        return say_nothing()
    if validate_document(twiml, "$"):
        return apology("Sorry, what should be said here is not TwiML.")
    return Answer(twiml)
