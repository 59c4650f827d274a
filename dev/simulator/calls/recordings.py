"""Recordings of Record, Dial, Conference or a whole call, reported when they are done."""

from dev.simulator.calls.line import Line
from dev.simulator.clock import now_rfc2822
from dev.simulator.resources import Recording, new_sid


def keep_recording(  # noqa: PLR0913 # the options of a recording
    line: Line,
    duration: int,
    source: str,
    *,
    dual: bool = False,
    callback: str = "",
    method: str = "POST",
) -> Recording:
    """Enter a recording in the books and send the recording callback."""
    exchange = line.exchange
    sid = new_sid("RE")
    now = now_rfc2822()
    uri = f"{exchange.api}/Recordings/{sid}"
    recording = Recording(
        sid=sid,
        account_sid=exchange.account.sid,
        call_sid=line.call.sid,
        date_created=now,
        date_updated=now,
        start_time=now,
        duration=str(duration),
        source=source,
        media_url=f"{exchange.origin}{uri}",
        uri=f"{uri}.json",
        channels=2 if dual else 1,
    )
    exchange.books.add_recording(recording)
    exchange.journal.add("recording", sid=sid, call_sid=line.call.sid, duration=duration)
    if callback:
        exchange.webhooks.notify(callback, _callback_parameters(recording), method)
    return recording


def _callback_parameters(recording: Recording) -> dict[str, str]:
    return {
        "AccountSid": recording.account_sid,
        "CallSid": recording.call_sid,
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.media_url,
        "RecordingStatus": "completed",
        "RecordingDuration": recording.duration,
        "RecordingChannels": str(recording.channels),
        "RecordingStartTime": recording.start_time,
        "RecordingSource": recording.source,
        "RecordingTrack": recording.track,
        "ErrorCode": "0",
    }
