"""Record: record what the person says, and transcribe it if wanted."""

import asyncio
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.interpreter import next_document, read_flag, read_number, verb
from dev.simulator.calls.line import Line
from dev.simulator.calls.recordings import keep_recording
from dev.simulator.calls.verbs.speaking import CHARACTERS_PER_SECOND
from dev.simulator.documents import DocumentUrl, Source
from dev.simulator.resources import Recording, new_sid

MAX_RECORDING_SECONDS: Final = 3600
MIN_TRANSCRIBED_SECONDS, MAX_TRANSCRIBED_SECONDS = 2, 120
SPOKEN = frozenset({"record", "speech", "digits"})
KEYS = frozenset({"digits"})
EVERY_KEY: Final = "1234567890*#"


@verb("Record")
async def record(line: Line, element: Element) -> Source | None:
    """Record until silence, a key or the maximum length; then call the action."""
    if read_flag(element, "playBeep", "true"):
        line.note("switchboard", "beep")
    longest = read_number(line, element, "maxLength", MAX_RECORDING_SECONDS, 13612)
    silence = read_number(line, element, "timeout", 5, 13610)
    line.note("switchboard", "record", maxLength=longest, transcribe=element.get("transcribe"))
    finish = element.get("finishOnKey", EVERY_KEY)
    action = await line.listen(SPOKEN, silence)
    while action and action.kind == "digits" and not set(action.text) & set(finish):
        action = await line.listen(SPOKEN, silence)
    text = action.text if action and action.kind != "digits" else ""
    if not text:
        line.note("caller", "silence")
        return None  # Twilio calls no action for an empty recording
    length = int(min(max(len(text) / CHARACTERS_PER_SECOND, 1), longest))
    try:
        await line.play_for(length)
    except asyncio.CancelledError:
        # Hanging up ends a recording too. The action is called, but nobody hears its answer.
        document = next_document(line, element, _keep(line, element, length, text, "hangup"))
        if element.get("action"):
            line.exchange.spawn(notify_after_end(line, document))
        raise
    action = line.person.next_scripted(KEYS) or line.person.next_by_hand(KEYS)
    keys = line.note_action(action).text if action else ""
    result = _keep(line, element, length, text, "".join(key for key in keys if key in finish)[:1])
    return next_document(line, element, result)


def _keep(line: Line, element: Element, length: int, text: str, key: str) -> dict[str, str]:
    recording = keep_recording(
        line,
        length,
        "RecordVerb",
        callback=line.address(element.get("recordingStatusCallback", "")),
        method=element.get("recordingStatusCallbackMethod", "POST"),
    )
    line.note("switchboard", "recorded", str(length), words=text)
    if transcribed := element.get("transcribeCallback"):
        result = line.parameters() | _transcription(recording, text)
        line.exchange.webhooks.notify(line.address(transcribed), result)
    result = {"RecordingUrl": recording.media_url, "RecordingSid": recording.sid}
    return result | {"RecordingDuration": str(length), "Digits": key}


def _transcription(recording: Recording, text: str) -> dict[str, str]:
    """Return the transcription's parameters; Twilio transcribes 2 to 120 seconds."""
    done = MIN_TRANSCRIBED_SECONDS <= int(recording.duration) <= MAX_TRANSCRIBED_SECONDS
    return {
        "TranscriptionSid": new_sid("TR"),
        "TranscriptionText": text if done else "",
        "TranscriptionStatus": "completed" if done else "failed",
        "TranscriptionUrl": f"{recording.media_url}/Transcriptions",
        "TranscriptionType": "fast",
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.media_url,
    }


async def notify_after_end(line: Line, document: DocumentUrl) -> None:
    """Call an action whose answer nobody will hear, once the call has its final status."""
    await line.over.wait()
    line.exchange.webhooks.notify(
        document.url, line.parameters() | document.parameters, document.method
    )
