"""The Recordings resource, and the sound of every recording."""

import io
import math
import struct
import wave

import msgspec

from dev.simulator.errors import RefusalError
from dev.simulator.resources import Recording
from dev.simulator.rest.paging import build_page, is_in_range
from dev.simulator.rest.serving import Reply, RestRequest

encode = msgspec.json.Encoder().encode

SAMPLE_RATE = 8000  # per second
TONE_HERTZ, TONE_SECONDS, TONE_AMPLITUDE = 440, 0.25, 8000
# One silent MPEG-1 layer III frame (128 kbit/s, 44.1 kHz): enough for a player to accept.
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


def list_page(request: RestRequest, sid: str = "") -> Reply:
    """Return recordings, of one call or of all, newest first."""
    call = sid or request.query.get("CallSid", "")

    def fits(recording: Recording) -> bool:
        return (not call or recording.call_sid == call) and is_in_range(
            request.query, "DateCreated", recording.date_created
        )

    table = request.exchange.books.recordings
    return Reply(encode(build_page(table, "recordings", request.path, request.query, fits)))


def fetch(request: RestRequest, sid: str) -> Reply:
    """Return a recording's resource, or its sound with ``.mp3``, ``.wav`` or no ending."""
    bare, _, ending = sid.partition(".")
    recording = request.exchange.books.recordings.rows.get(bare)
    if recording is None or ending not in {"", "json", "mp3", "wav"}:
        raise RefusalError(20404, request.path)
    if ending == "json":
        return Reply(encode(recording))
    if ending == "mp3":
        return Reply(MP3_FRAME * 10, content_type="audio/mpeg")
    return Reply(_tone(), content_type="audio/x-wav")


def delete(request: RestRequest, sid: str) -> Reply:
    """Delete a recording."""
    bare = sid.partition(".")[0]
    if bare not in request.exchange.books.recordings.rows:
        raise RefusalError(20404, request.path)
    request.exchange.books.delete("recording", bare)
    return Reply(b"", 204)


def _tone() -> bytes:
    """Return a short tone as a WAV file: what every recording sounds like."""
    samples = (
        int(TONE_AMPLITUDE * math.sin(2 * math.pi * TONE_HERTZ * n / SAMPLE_RATE))
        for n in range(int(SAMPLE_RATE * TONE_SECONDS))
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
