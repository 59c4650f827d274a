"""Twilio's little TwiML pages (https://www.twilio.com/labs/twimlets) as pure functions.

Lists come as `Name[0]=…`, `Name[]=…` or one plain `Name=…`. A later stage comes back to the
same URL, with the parameters that it had and the stage beside them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from shared.twiml.text import validate_size
from shared.twiml.twimlets.request import Answer, InboundEvent, OutgoingText, TwimletRequest
from shared.twiml.twimlets.speech import apology

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "TWIMLETS",
    "Answer",
    "InboundEvent",
    "OutgoingText",
    "TwimletRequest",
    "answer_twimlet",
]

# The module that has the function of each name; it is imported when the twimlet is used.
TWIMLETS: Final[Mapping[str, str]] = {
    "message": "message",
    "forward": "dialing",
    "findme": "dialing",
    "simulring": "dialing",
    "callme": "dialing",
    "whisper": "whisper",
    "menu": "menu",
    "echo": "message",
    "voicemail": "voicemail",
    "conference": "conference",
}


def answer_twimlet(name: str, request: TwimletRequest) -> Answer | None:
    """Return what the twimlet `name` answers, or None if there is no such twimlet."""
    if name not in TWIMLETS:
        return None
    module = import_module(f"{__name__}.{TWIMLETS[name]}")
    answer: Answer = getattr(module, name)(request)
    if validate_size(answer.twiml, "$"):
        return apology("Sorry, there is too much to say here.")
    return answer
