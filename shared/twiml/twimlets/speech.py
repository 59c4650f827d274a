"""What twimlets say, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import Play, Say, VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer

if TYPE_CHECKING:
    from twilio.twiml import TwiML


def speak(parent: TwiML, value: str, **attributes: str | None) -> None:
    """Play what begins with `http`, say anything else, pass over a blank."""
    if value.strip().lower().startswith("http"):
        parent.nest(Play(value.strip()))
    elif value.strip():
        parent.nest(Say(value, **attributes))


def ending(*, redirect: str = "") -> Answer:
    """The end of a twimlet: go on at `redirect`, or hang up if it is blank."""
    response = VoiceResponse()
    if redirect:
        response.redirect(redirect)
    else:
        response.hangup()
    return Answer(render(response))


def apology(words: str) -> Answer:
    """Say what is wrong, and hang up."""
    response = VoiceResponse()
    response.say(words)
    response.hangup()
    return Answer(render(response))


def say_nothing() -> Answer:
    """An empty Response: the call goes on, or ends, by itself."""
    return Answer(render(VoiceResponse()))
