"""The twimlets that connect a caller: `forward`, `callme`, `simulring` and `findme`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer
from shared.twiml.twimlets.speech import apology, follow, hang_up

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio.twiml.voice_response import Dial

    from shared.twiml.twimlets.request import TwimletRequest

_FORWARD: Final = ("PhoneNumber", "CallerId", "FailUrl", "Timeout", "AllowedCallers")
_CALLME: Final = ("PhoneNumber", "Message", "Timeout", "FailUrl")
_SEVERAL: Final = ("PhoneNumbers", "Message", "Timeout", "FailUrl")
_CONNECTED: Final = ("completed", "answered")
_MAX_NUMBERS: Final = 10
_TIMEOUT_SECONDS: Final = 20
_FINDME_TIMEOUT_SECONDS: Final = 60


def forward(request: TwimletRequest) -> Answer:
    """PhoneNumber, CallerId, FailUrl, Timeout, AllowedCallers[n]: dial one number."""
    if _is_over(request):
        return _after_dial(request)
    # A list without a single valid number still lets nobody else through.
    if request.many("AllowedCallers") and request.person not in request.addresses("AllowedCallers"):
        return apology("Sorry, you are calling from a restricted number. Good bye.")
    action = request.again(_FORWARD, Dial="true")
    return _dial(
        request, request.destinations("PhoneNumber")[:1], action=action, timeout=_TIMEOUT_SECONDS
    )


def callme(request: TwimletRequest) -> Answer:
    """PhoneNumber, Message, Timeout, FailUrl: dial one number and whisper to it."""
    if _is_over(request):
        return _after_dial(request)
    action = request.again(_CALLME, Dial="true")
    numbers = request.destinations("PhoneNumber")[:1]
    return _dial(
        request, numbers, action=action, timeout=_TIMEOUT_SECONDS, whisper=_whisper(request)
    )


def simulring(request: TwimletRequest) -> Answer:
    """PhoneNumbers[n], Message, Timeout, FailUrl: dial all at once, the first to answer talks."""
    if _is_over(request):
        return _after_dial(request)
    action = request.again(_SEVERAL, Dial="true")
    numbers = request.destinations("PhoneNumbers")[:_MAX_NUMBERS]
    return _dial(
        request, numbers, action=action, timeout=_TIMEOUT_SECONDS, whisper=_whisper(request)
    )


def findme(request: TwimletRequest) -> Answer:
    """PhoneNumbers[n], Message, Timeout, FailUrl: dial one after another until one accepts."""
    numbers = request.destinations("PhoneNumbers")[:_MAX_NUMBERS]
    tried = request.number("Tried", 0, _MAX_NUMBERS) if "Dial" in request.sent else 0
    if _answered(request) or (tried and tried >= len(numbers)):
        return _after_dial(request)
    action = request.again(_SEVERAL, Dial="true", Tried=str(tried + 1))
    whisper = _whisper(request, HumanCheck="true")
    next_one = numbers[tried : tried + 1]
    return _dial(request, next_one, action=action, timeout=_FINDME_TIMEOUT_SECONDS, whisper=whisper)


def _dial(
    request: TwimletRequest,
    numbers: Sequence[str],
    *,
    action: str,
    timeout: int,
    whisper: str | None = None,
) -> Answer:
    if not numbers:
        fail_url = request.one("FailUrl")
        if fail_url:
            return follow(request, fail_url)
        return apology("Sorry, there is no number to call here. Good bye.")
    response = VoiceResponse()
    dial = response.dial(
        action=action,
        caller_id=_caller_id(request),
        timeout=request.number("Timeout", timeout),
    )
    for number in numbers:
        _add(dial, number, whisper)
    return Answer(render(response))


def _add(dial: Dial, address: str, whisper: str | None) -> None:
    if address.startswith("client:"):
        dial.client(address.removeprefix("client:"), url=whisper)
    elif address.startswith("sip:"):
        dial.sip(address, url=whisper)
    else:
        dial.number(address, url=whisper)


def _caller_id(request: TwimletRequest) -> str | None:
    """Return the number to show: the one in the query, or ours for a caller without a number.

    None passes the caller's own on.
    """
    given = next(iter(request.addresses("CallerId")), None)
    if given is None and request.one("From").startswith(("client:", "sip:")):
        return request.sender
    return given


def _whisper(request: TwimletRequest, **more: str) -> str:
    text = request.one("Message")
    return request.sibling("whisper", **({"Message": text} if text else {}), **more)


def _answered(request: TwimletRequest) -> bool:
    """Tell whether the dialed party was connected; one who hung up at the whisper was not."""
    statuses = {request.one("DialCallStatus").lower(), request.one("DialStatus").lower()}
    return not statuses.isdisjoint(_CONNECTED) and request.one("DialBridged").lower() != "false"


def _is_over(request: TwimletRequest) -> bool:
    """Tell whether the caller comes back from our own Dial, or has talked in somebody else's."""
    came_back = request.one("DialCallStatus") or request.one("DialStatus")
    return _answered(request) or bool("Dial" in request.sent and came_back)


def _after_dial(request: TwimletRequest) -> Answer:
    fail_url = request.one("FailUrl")
    if _answered(request) or not fail_url:
        return hang_up()
    return follow(request, fail_url)
