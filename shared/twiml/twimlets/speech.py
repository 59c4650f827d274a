"""What twimlets say, and how they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import Play, Say, VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer

if TYPE_CHECKING:
    from twilio.twiml import TwiML

    from shared.twiml.twimlets.request import TwimletRequest


def speak(parent: TwiML, value: str, **attributes: str | None) -> None:
    """Play what begins with `http`, say anything else, skip a blank."""
    if value.strip().lower().startswith("http"):
        parent.nest(Play(value.strip()))
    elif value.strip():
        parent.nest(Say(value, **attributes))


def hang_up() -> Answer:
    """Hang up."""
    response = VoiceResponse()
    response.hangup()
    return Answer(render(response))


def follow(request: TwimletRequest, url: str) -> Answer:
    """Go on at a URL of the query, by GET, which a static file answers too.

    A Twilio Client goes on at our own pages by POST: by GET its fields would be in the query,
    where they could not be told from ours.
    """
    response = VoiceResponse()
    add_redirect(response, request, url)
    return Answer(render(response))


def add_redirect(response: TwiML, request: TwimletRequest, url: str) -> None:
    """Add what `follow` says to a longer document."""
    absolute = request.absolute(url)
    by_post = request.is_from_client and request.is_ours(absolute)
    response.redirect(absolute, method=None if by_post else "GET")


def apology(text: str) -> Answer:
    """Say what is wrong, and hang up."""
    response = VoiceResponse()
    response.say(text)
    response.hangup()
    return Answer(render(response))


def say_nothing() -> Answer:
    """Return an empty Response: the call goes on, or ends, by itself."""
    return Answer(render(VoiceResponse()))
