"""The twimlet that lets callers talk with each other: `conference`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest

_PARAMETERS: Final = ("Moderators", "Password", "Message", "Music", "Name")
_GENRES: Final = ("rock", "soft-rock", "ambient", "electronica", "guitars", "classical")
_HOLD_MUSIC: Final = "http://twimlets.com/holdmusic?Bucket=com.twilio.music."


def conference(request: TwimletRequest) -> Answer:
    """Moderators[n], Password, Message, Music, Name: a conference that only moderators start."""
    password = request.one("Password")
    if password and request.one("Digits") != password:
        return _ask_for(password, request)
    response = VoiceResponse()
    speak(response, request.one("Message") or "You are now entering the conference.")
    moderated = request.many("Moderators")
    music = _music(request)
    response.dial().conference(
        request.one("Name") or _name(request),
        start_conference_on_enter=(
            request.person in request.addresses("Moderators") if moderated else None
        ),
        wait_method="GET" if music else None,
        wait_url=music,
    )
    return Answer(render(response))


def _ask_for(password: str, request: TwimletRequest) -> Answer:
    again = request.again(_PARAMETERS)
    response = VoiceResponse()
    if request.one("Digits"):
        response.say("Sorry, that is not the pass code.")
    gather = response.gather(action=again, num_digits=len(password))
    gather.say("Please enter the pass code of your conference.")
    response.redirect(again)
    return Answer(render(response))


def _music(request: TwimletRequest) -> str | None:
    """Return the URL of the music for those who wait; None for Twilio's own."""
    music = request.one("Music")
    if music in _GENRES:
        return f"{_HOLD_MUSIC}{music}"
    return music if music.lower().startswith("http") else None


def _name(request: TwimletRequest) -> str:
    """Return a name for a conference without one: the same for the same moderators and message."""
    identity = "\n".join([request.one("Message"), *request.many("Moderators")])
    return hashlib.sha256(identity.encode()).hexdigest()[:32]
