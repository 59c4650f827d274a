"""The twimlet that says who calls, before the two are connected: `whisper`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import hang_up, say_nothing, speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest

_PARAMETERS = ("Message", "HumanCheck")
_OFF = ("", "0", "false", "no")


def whisper(request: TwimletRequest) -> Answer:
    """Message, HumanCheck: say who calls; with HumanCheck only a key press connects them."""
    if "Digits" in request.sent:
        return say_nothing() if request.one("Digits") else hang_up()
    response = VoiceResponse()
    screened = request.one("HumanCheck").lower() not in _OFF
    text = request.one("Message") or _announcement(request, screened=screened)
    if screened:
        # A blank finish_on_key makes the hash key count like any other.
        action = request.again(_PARAMETERS)
        speak(response.gather(action=action, finish_on_key="", num_digits=1), text)
        response.hangup()
    else:
        speak(response, text)
    return Answer(render(response))


def _announcement(request: TwimletRequest, *, screened: bool) -> str:
    address = request.address(request.one("From"))
    if address is None:
        name = "an unknown number"
    elif address.startswith("+"):
        name = " ".join(address[1:])
    else:
        name = address.partition(":")[2]
    return f"You have a call from {name}." + (" Press any key to accept." if screened else "")
