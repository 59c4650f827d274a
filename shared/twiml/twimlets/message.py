"""The twimlets that only speak: `message` and `echo`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.destinations import destinations_in
from shared.twiml.text import render, validate_document
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import apology, say_nothing, speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest


def message(request: TwimletRequest) -> Answer:
    """Message[n]: play or say each, in order; a text is answered with texts."""
    if request.one("MessageSid"):
        return _in_texts(request)
    response = VoiceResponse()
    for text in request.many("Message"):
        speak(response, text)
    return Answer(render(response))


def _in_texts(request: TwimletRequest) -> Answer:
    response = MessagingResponse()
    for text in request.many("Message"):
        if text.strip().lower().startswith("http"):
            response.message().media(text.strip())
        else:
            response.message(text)
    return Answer(render(response))


def echo(request: TwimletRequest) -> Answer:
    """Twiml: answer with that document itself, if it is one and calls nobody who may not be."""
    twiml = request.one("Twiml")
    if not twiml:
        return say_nothing()
    if validate_document(twiml, "$"):
        return apology("Sorry, what should be said here is not TwiML.")
    for _, number in destinations_in(twiml):
        address = request.address(number)
        if address is None or not request.may_dial(address):
            return apology("Sorry, a number cannot be called from here. Good bye.")
    return Answer(request.with_entry(twiml))
