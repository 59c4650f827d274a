"""Record: take down what the person says, and perhaps write it out."""

import asyncio
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.books import Recording, new_sid
from dev.simulator.call_engine.documents import Ask, Program
from dev.simulator.call_engine.interpret import next_page, seconds, verb, yes
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.recordings import keep_recording
from dev.simulator.call_engine.speaking import LETTERS_A_SECOND

LONGEST: Final = 3600
SHORTEST_TRANSCRIBED, LONGEST_TRANSCRIBED = 2, 120
SPOKEN = frozenset({"record", "speech", "digits"})
KEYS = frozenset({"digits"})
EVERY_KEY: Final = "1234567890*#"


@verb("Record")
async def record(line: Line, element: Element) -> Program | None:
    """Record until silence, a key or the longest time; then ask the action."""
    if yes(element, "playBeep", "true"):
        line.note("switchboard", "beep")
    longest = seconds(line, element, "maxLength", LONGEST, 13612)
    silence = seconds(line, element, "timeout", 5, 13610)
    line.note("switchboard", "record", maxLength=longest, transcribe=element.get("transcribe"))
    finish = element.get("finishOnKey", EVERY_KEY)
    deed = await line.listen(SPOKEN, silence)
    while deed and deed.kind == "digits" and not set(deed.text) & set(finish):
        deed = await line.listen(SPOKEN, silence)
    words = deed.text if deed and deed.kind != "digits" else ""
    if not words:
        line.note("caller", "silence")
        return None  # Twilio asks no action about an empty recording
    length = int(min(max(len(words) / LETTERS_A_SECOND, 1), longest))
    try:
        await line.speech(length)
    except asyncio.CancelledError:
        # Hanging up ends a recording too: the action is asked, though nobody hears its answer.
        page = next_page(line, element, _kept(line, element, length, words, "hangup"))
        if element.get("action"):
            line.exchange.spawn(ask_in_vain(line, page))
        raise
    deed = line.person.next_scripted(KEYS) or line.person.at_hand(KEYS)
    keys = line.heard(deed).text if deed else ""
    told = _kept(line, element, length, words, "".join(key for key in keys if key in finish)[:1])
    return next_page(line, element, told)


def _kept(line: Line, element: Element, length: int, words: str, key: str) -> dict[str, str]:
    made = keep_recording(
        line,
        length,
        "RecordVerb",
        callback=line.address(element.get("recordingStatusCallback", "")),
        method=element.get("recordingStatusCallbackMethod", "POST"),
    )
    line.note("switchboard", "recorded", str(length), words=words)
    if transcribed := element.get("transcribeCallback"):
        told = line.parameters() | _transcription(made, words)
        line.exchange.webhooks.notify(line.address(transcribed), told)
    told = {"RecordingUrl": made.media_url, "RecordingSid": made.sid}
    return told | {"RecordingDuration": str(length), "Digits": key}


def _transcription(made: Recording, words: str) -> dict[str, str]:
    """The recording written out, which Twilio does for 2 to 120 seconds."""
    done = SHORTEST_TRANSCRIBED <= int(made.duration) <= LONGEST_TRANSCRIBED
    return {
        "TranscriptionSid": new_sid("TR"),
        "TranscriptionText": words if done else "",
        "TranscriptionStatus": "completed" if done else "failed",
        "TranscriptionUrl": f"{made.media_url}/Transcriptions",
        "TranscriptionType": "fast",
        "RecordingSid": made.sid,
        "RecordingUrl": made.media_url,
    }


async def ask_in_vain(line: Line, page: Ask) -> None:
    """Ask for a document that nobody will hear, once the call has its last status."""
    await line.over.wait()
    line.exchange.webhooks.notify(page.url, line.parameters() | page.parameters, page.method)
