"""Outgoing calls from their first moment to their last."""

from dev.simulator.books import Call
from dev.simulator.call_engine import verbs as _verbs  # noqa: F401 # fills the table of verbs
from dev.simulator.call_engine.interpret import run
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.order import CallOrder
from dev.simulator.call_engine.person import Person
from dev.simulator.call_engine.recordings import keep_recording
from dev.simulator.call_engine.ringing import detect_machine, ring
from dev.simulator.exchange import Exchange


def place(exchange: Exchange, call: Call, order: CallOrder) -> Line:
    """Begin an outgoing call in the background."""
    line = Line(exchange, call, order, Person(exchange.phones.phone(call.to)))
    exchange.spawn(_outgoing(line))
    return line


async def _outgoing(line: Line) -> None:
    how = await ring(line)
    if how != "answer":
        line.finish(how)
        return
    await talk(line)


async def talk(line: Line) -> None:
    """An answered call: detection, digits, documents, recording, end."""
    if line.order.send_digits:
        line.note("switchboard", "digits", line.order.send_digits)
    if line.order.record:
        line.recorded = lambda: _recorded(line)
    await detect_machine(line)
    await line.follow(run)
    line.finish("completed")


def _recorded(line: Line) -> dict[str, str]:
    made = keep_recording(
        line,
        max(1, line.exchange.clock.elapsed(line.began)),
        "OutboundAPI",
        dual=line.order.recording_dual,
        callback=line.order.recording_callback,
        method=line.order.recording_method,
    )
    return {
        "RecordingSid": made.sid,
        "RecordingUrl": made.media_url,
        "RecordingDuration": made.duration,
    }
