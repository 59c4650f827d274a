"""The Account and Recordings resources, and the answer to every unknown path."""

import io
import math
import struct
import wave

import msgspec

from dev.simulator.books import Recording
from dev.simulator.clock import now_rfc2822
from dev.simulator.errors import RefusalError
from dev.simulator.paging import in_range, page
from dev.simulator.rest import Asked, Reply

encode = msgspec.json.Encoder().encode

RATE = 8000
TONE_HERTZ, TONE_SECONDS, LOUDNESS = 440, 0.25, 8000
# One silent MPEG-1 layer III frame (128 kbit/s, 44.1 kHz): enough for a player to accept.
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)


def account(asked: Asked) -> Reply:
    """The account itself."""
    sid = asked.exchange.account.sid
    now = now_rfc2822()
    return Reply(
        encode(
            {
                "sid": sid,
                "friendly_name": "Simulator",
                "status": "active",
                "type": "Full",
                "auth_token": "",
                "owner_account_sid": sid,
                "date_created": now,
                "date_updated": now,
                "uri": f"{asked.exchange.api}.json",
                "subresource_uris": {
                    name: f"{asked.exchange.api}/{path}.json"
                    for name, path in (
                        ("messages", "Messages"),
                        ("calls", "Calls"),
                        ("recordings", "Recordings"),
                    )
                },
            }
        )
    )


def recordings(asked: Asked, sid: str = "") -> Reply:
    """Recordings, of one call or of all, newest first."""
    call = sid or asked.query.get("CallSid", "")

    def fits(recording: Recording) -> bool:
        return (not call or recording.call_sid == call) and in_range(
            asked.query, "DateCreated", recording.date_created
        )

    shelf = asked.exchange.books.recordings
    return Reply(encode(page(shelf, "recordings", asked.path, asked.query, fits)))


def recording(asked: Asked, sid: str) -> Reply:
    """A recording's resource, or its sound with ``.mp3``, ``.wav`` or no ending."""
    bare, _, ending = sid.partition(".")
    found = asked.exchange.books.recordings.rows.get(bare)
    if found is None or ending not in {"", "json", "mp3", "wav"}:
        raise RefusalError(20404, asked.path)
    if ending == "json":
        return Reply(encode(found))
    if ending == "mp3":
        return Reply(MP3_FRAME * 10, content_type="audio/mpeg")
    return Reply(tone(), content_type="audio/x-wav")


def delete_recording(asked: Asked, sid: str) -> Reply:
    """Forget a recording."""
    bare = sid.partition(".")[0]
    if bare not in asked.exchange.books.recordings.rows:
        raise RefusalError(20404, asked.path)
    asked.exchange.books.delete("recording", bare)
    return Reply(b"", 204)


def unknown(asked: Asked) -> Reply:
    """Nothing lives here."""
    raise RefusalError(20404, asked.path)


def tone() -> bytes:
    """A short tone as a WAV file: what every recording sounds like."""
    samples = (
        int(LOUDNESS * math.sin(2 * math.pi * TONE_HERTZ * n / RATE))
        for n in range(int(RATE * TONE_SECONDS))
    )
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
