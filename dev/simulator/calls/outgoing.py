"""Outgoing calls, from start to end."""

from dev.simulator.calls import verbs as _verbs  # noqa: F401 # fills the table of verbs
from dev.simulator.calls.interpreter import run
from dev.simulator.calls.line import Exchange, Line
from dev.simulator.calls.options import CallOptions
from dev.simulator.calls.person import Person
from dev.simulator.calls.recordings import keep_recording
from dev.simulator.calls.ringing import detect_machine, ring
from dev.simulator.resources import Call


def place_call(exchange: Exchange, call: Call, options: CallOptions) -> Line:
    """Start an outgoing call in the background."""
    line = Line(exchange, call, options, Person(exchange.phones.find_phone(call.to)))
    exchange.spawn(_run(line))
    return line


async def _run(line: Line) -> None:
    how = await ring(line)
    if how != "answer":
        line.finish(how)
        return
    await run_answered_call(line)


async def run_answered_call(line: Line) -> None:
    """Run an answered call: digits, detection, documents, recording, end."""
    if line.options.send_digits:
        line.note("switchboard", "digits", line.options.send_digits)
    if line.options.record:
        line.finish_recording = lambda: _keep_call_recording(line)
    await detect_machine(line)
    await line.follow(run)
    line.finish("completed")


def _keep_call_recording(line: Line) -> dict[str, str]:
    recording = keep_recording(
        line,
        max(1, line.exchange.clock.elapsed(line.began)),
        "OutboundAPI",
        dual=line.options.recording_dual,
        callback=line.options.recording_callback,
        method=line.options.recording_method,
    )
    return {
        "RecordingSid": recording.sid,
        "RecordingUrl": recording.media_url,
        "RecordingDuration": recording.duration,
    }
