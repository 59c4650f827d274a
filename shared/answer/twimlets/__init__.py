"""Twilio's little TwiML pages (https://www.twilio.com/labs/twimlets) as pure functions.

Lists come as `Name[0]=…`, `Name[]=…` or one plain `Name=…`. A later stage comes back to the
same URL, with the parameters that it had and the stage beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.answer.twiml_text import check_size
from shared.answer.twimlets.conference import conference
from shared.answer.twimlets.dialing import callme, findme, forward, simulring
from shared.answer.twimlets.menu import menu
from shared.answer.twimlets.message import echo, message
from shared.answer.twimlets.request import Answer, InboundEvent, OutgoingText, TwimletRequest
from shared.answer.twimlets.speech import apology
from shared.answer.twimlets.voicemail import voicemail
from shared.answer.twimlets.whisper import whisper

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "TWIMLETS",
    "Answer",
    "InboundEvent",
    "OutgoingText",
    "TwimletRequest",
    "answer_twimlet",
]

TWIMLETS: Final[Mapping[str, Callable[[TwimletRequest], Answer]]] = {
    "message": message,
    "forward": forward,
    "findme": findme,
    "simulring": simulring,
    "callme": callme,
    "whisper": whisper,
    "menu": menu,
    "echo": echo,
    "voicemail": voicemail,
    "conference": conference,
}


def answer_twimlet(name: str, request: TwimletRequest) -> Answer | None:
    """What the twimlet `name` answers, or None if there is no such twimlet."""
    twimlet = TWIMLETS.get(name)
    if twimlet is None:
        return None
    answer = twimlet(request)
    if check_size(answer.twiml, "$"):
        return apology("Sorry, there is too much to say here.")
    return answer
