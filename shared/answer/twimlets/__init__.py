"""Twilio's little TwiML pages (https://www.twilio.com/labs/twimlets) as pure functions.

Lists come as `Name[0]=…`, `Name[]=…` or one plain `Name=…`. A later stage comes back to the
same URL, with the parameters that it had and the stage beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.answer.twiml_text import check_size
from shared.answer.twimlets.request import Answer, InboundEvent, OutgoingText, TwimletRequest
from shared.answer.twimlets.speech import apology
from shared.imports import imported_when_used

with imported_when_used():
    from shared.answer.twimlets import conference, dialing, menu, message, voicemail, whisper

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = [
    "TWIMLETS",
    "Answer",
    "InboundEvent",
    "OutgoingText",
    "TwimletRequest",
    "answer_twimlet",
]

# Each is the function of its name there.
TWIMLETS: Final[Mapping[str, ModuleType]] = {
    "message": message,
    "forward": dialing,
    "findme": dialing,
    "simulring": dialing,
    "callme": dialing,
    "whisper": whisper,
    "menu": menu,
    "echo": message,
    "voicemail": voicemail,
    "conference": conference,
}


def answer_twimlet(name: str, request: TwimletRequest) -> Answer | None:
    """What the twimlet `name` answers, or None if there is no such twimlet."""
    module = TWIMLETS.get(name)
    if module is None:
        return None
    answer: Answer = getattr(module, name)(request)
    if check_size(answer.twiml, "$"):
        return apology("Sorry, there is too much to say here.")
    return answer
