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
# Twilio repeats these up to five times: the caller does not wait for them.
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_REPEATED: Final = "#rc=5&rp=all"
_MAX_TEXT_CHARACTERS: Final = 1200
# The later requests about a recording: it was made, its file is there, its text is there.
RECORDED: Final = "recorded"
FILE: Final = "file"
TRANSCRIBED: Final = "transcribed"


def voicemail(request: TwimletRequest) -> Answer:
    """Email, Phone, Message, Transcribe, Language, Voice: greet, record, give thanks.

    The recording and its text go to the owner as inbound events, and as a text to Phone.
    """
    event = read_recording(request, request.stage)
    if request.stage == TRANSCRIBED:
        texts = _texts(request, request.one("TranscriptionText")) if event else ()
        return Answer(say_nothing().twiml, (event,) if event else (), texts)
    if request.stage == FILE:
        return Answer(say_nothing().twiml, (event,) if event else ())
    if event is None:
        return _greeting(request)
    texts = () if _is_transcribed(request) else _texts(request, "")
    return Answer(_thanks(request), (event,), texts)


def read_recording(request: TwimletRequest, stage: str) -> InboundEvent | None:
    """Return what a request reports of a recording: its text, its file, or that it was made.

    `stage`, from our own query, says which it is: the form of a Twilio Client's call can hold any
    field. A recording that is not Twilio's, by its address and its SID, is not one.
    """
    if not request.is_recording:
        return None
    if stage == TRANSCRIBED:
        status, text = request.one("TranscriptionStatus"), request.one("TranscriptionText")
        return _event("transcription", request, {"status": status, "text": text})
    duration = request.number("RecordingDuration", 0, 10**6)
    # The file is there, or will never be.
    if stage == FILE:
        status = request.one("RecordingStatus")
        return _event("recording", request, {"duration": duration, "status": status})
    return _event("voicemail", request, {"duration": duration}) if stage == RECORDED else None


def _greeting(request: TwimletRequest) -> Answer:
    response = VoiceResponse()
    text = request.one("Message") or "Please leave a message after the beep."
    speak(response, text, **_voice(request))
    transcribed = _is_transcribed(request)
    # The callback about the file names the call, and nobody in it.
    people = {"From": request.one("From"), "To": request.one("To")}
    response.record(
        action=request.again(_PARAMETERS, Stage=RECORDED),
        recording_status_callback=request.again(_PARAMETERS, **people, Stage=FILE) + _REPEATED,
        transcribe=transcribed,
        transcribe_callback=(
            request.again(_PARAMETERS, Stage=TRANSCRIBED) + _REPEATED if transcribed else None
        ),
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
        sid=request.recording_sid,
        from_=request.one("From"),
        to=request.one("To"),
        details={
            "call_sid": request.one("CallSid"),
            "recording_url": request.one("RecordingUrl"),
            **details,
            **({"email": email} if email else {}),
        },
    )


def _texts(request: TwimletRequest, transcription: str) -> tuple[OutgoingText, ...]:
    """Return a text to each owner, with the transcription if there is one."""
    person = request.person or request.one("From") or "unknown"
    parts = [f"Voicemail from {person}", transcription[:_MAX_TEXT_CHARACTERS]]
    parts.append(f"{request.one('RecordingUrl')}.mp3")
    body = "\n".join(part for part in parts if part)
    sid = request.recording_sid
    return tuple(
        OutgoingText(to, body, f"voicemail-{sid}-{to}") for to in request.destinations("Phone")
    )


def _is_transcribed(request: TwimletRequest) -> bool:
    return request.one("Transcribe").lower() in {"", "true"}


def _voice(request: TwimletRequest) -> dict[str, str | None]:
    return {name.lower(): request.one(name) or None for name in ("Language", "Voice")}
