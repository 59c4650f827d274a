"""The twimlet that takes a message for somebody: `voicemail`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twilio.twiml.voice_response import VoiceResponse

from shared.twiml.text import render
from shared.twiml.twimlets.request import Answer, InboundEvent, OutgoingText
from shared.twiml.twimlets.speech import say_nothing, speak

if TYPE_CHECKING:
    from shared.twiml.twimlets.request import TwimletRequest

_PARAMETERS: Final = ("Email", "Phone", "Message", "Transcribe", "Language", "Voice")
# Twilio asks again, up to five times, where nobody is on the line who would wait for that:
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_REPEATED: Final = "#rc=5&rp=all"
_LONGEST_TEXT: Final = 1200


def voicemail(request: TwimletRequest) -> Answer:
    """Email, Phone, Message, Transcribe, Language, Voice: greets, records, thanks.

    The recording and its text go to the owner as inbound events, and as a text to Phone.
    """
    event = recorded(request)
    if event is None:
        return _greeting(request)
    if event.event == "transcription":
        return Answer(
            say_nothing().twiml, (event,), _texts(request, request.one("TranscriptionText"))
        )
    if event.event == "recording":
        return Answer(say_nothing().twiml, (event,))
    texts = () if _is_transcribed(request) else _texts(request, "")
    return Answer(_thanks(request), (event,), texts)


def recorded(request: TwimletRequest) -> InboundEvent | None:
    """What a request tells of a recording: its text, its file, or that somebody has spoken."""
    if request.one("TranscriptionStatus"):
        status, text = request.one("TranscriptionStatus"), request.one("TranscriptionText")
        return _event("transcription", request, {"status": status, "text": text})
    duration = request.whole("RecordingDuration", 0, 10**6)
    # The file is there, or will never be.
    if status := request.one("RecordingStatus"):
        return _event("recording", request, {"duration": duration, "status": status})
    # A recorded Dial that ended here brings a recording too; that one is no voicemail.
    if request.one("RecordingUrl") and not request.one("DialCallStatus"):
        return _event("voicemail", request, {"duration": duration})
    return None


def _greeting(request: TwimletRequest) -> Answer:
    response = VoiceResponse()
    words = request.one("Message") or "Please leave a message after the beep."
    speak(response, words, **_voice(request))
    again = request.again(_PARAMETERS)
    transcribed = _is_transcribed(request)
    # The callback about the file names the call and nobody in it.
    ready = request.again(_PARAMETERS, From=request.one("From"), To=request.one("To"))
    response.record(
        action=again,
        recording_status_callback=ready + _REPEATED,
        transcribe=transcribed,
        transcribe_callback=again + _REPEATED if transcribed else None,
    )
    return Answer(render(response))


def _thanks(request: TwimletRequest) -> str:
    response = VoiceResponse()
    response.say("Thank you. Good bye.", **_voice(request))
    response.hangup()
    return render(response)


def _event(event: str, request: TwimletRequest, details: dict[str, str | int]) -> InboundEvent:
    email = request.one("Email")
    return InboundEvent(
        event=event,
        sid=_recording_sid(request),
        from_=request.one("From"),
        to=request.one("To"),
        details={
            "call_sid": request.one("CallSid"),
            "recording_url": request.one("RecordingUrl"),
            **details,
            **({"email": email} if email else {}),
        },
    )


def _texts(request: TwimletRequest, words: str) -> tuple[OutgoingText, ...]:
    """A text to each owner, with the words of the voicemail if there are any."""
    who = request.person or request.one("From") or "unknown"
    parts = [f"Voicemail from {who}", words[:_LONGEST_TEXT]]
    parts.append(f"{request.one('RecordingUrl')}.mp3")
    body = "\n".join(part for part in parts if part)
    sid = _recording_sid(request)
    return tuple(
        OutgoingText(to, body, f"voicemail-{sid}-{to}") for to in request.addresses("Phone")
    )


def _recording_sid(request: TwimletRequest) -> str:
    """What all requests about one recording have in common; its URL ends with its SID."""
    last = request.one("RecordingUrl").rpartition("/")[2]
    return request.one("RecordingSid") or (
        last if last.startswith("RE") else request.one("CallSid")
    )


def _is_transcribed(request: TwimletRequest) -> bool:
    return request.one("Transcribe").lower() in {"", "true"}


def _voice(request: TwimletRequest) -> dict[str, str | None]:
    return {name.lower(): request.one(name) or None for name in ("Language", "Voice")}
