"""The twimlet that lets a caller choose: `menu`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import add_redirect, follow, speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest

_PARAMETERS = ("Message", "Options", "FailUrl")


def menu(request: TwimletRequest) -> Answer:
    """Message, Options[digits]=URL, FailUrl: go where the digits say.

    Digits without an option lead to FailUrl, or to the same question where there is none.
    """
    options = {key: url.strip() for key, url in request.keyed("Options").items() if url.strip()}
    digits = request.one("Digits")
    if digits in options:
        return follow(request, options[digits])
    fail_url = request.one("FailUrl")
    if digits and fail_url:
        return follow(request, fail_url)
    response = VoiceResponse()
    if digits:
        response.say("Sorry, that is not a valid choice.")
    if not options:
        speak(response, request.one("Message"))
        response.say("Sorry, there is nothing to choose from here. Good bye.")
        response.hangup()
        return Answer(render(response))
    again = request.again(_PARAMETERS)
    gather = response.gather(
        action=again,
        # The hash key ends the input, unless it is a choice itself.
        finish_on_key="" if any("#" in key for key in options) else None,
        num_digits=max(map(len, options)),
    )
    speak(gather, request.one("Message"))
    if fail_url:
        add_redirect(response, request, fail_url)
    else:
        response.redirect(again)
    return Answer(render(response))
