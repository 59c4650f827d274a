"""Call queues: Enqueue puts a caller in, Dial Queue takes the first one out."""

import asyncio
import time
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.bridge import bridge
from dev.simulator.calls.conferences_and_queues import CallQueue, QueuedCaller
from dev.simulator.calls.control_flow import Leave
from dev.simulator.calls.hold import give_up, hold, hold_until
from dev.simulator.calls.interpreter import next_document, read_flag, read_number, verb
from dev.simulator.calls.line import Line
from dev.simulator.calls.options import MAX_CALL_SECONDS
from dev.simulator.calls.verbs.record import notify_after_end
from dev.simulator.calls.whisper import whisper
from dev.simulator.documents import DocumentUrl, Source, plain_text

MAX_CALLERS: Final = 100
DEFAULT_RINGING_SECONDS: Final = 30


def find_queue(line: Line, name: str) -> CallQueue[Line]:
    """Return the queue of this name; the first use creates it."""
    return line.exchange.queues.setdefault(name, CallQueue(name))


@verb("Enqueue")
async def enqueue(line: Line, element: Element) -> Source | None:
    """Wait in a queue until somebody takes the caller out, or the caller leaves."""
    queue = find_queue(line, (element.text or "").strip() or "default")
    about_queue = {"QueueSid": queue.sid}
    if len(queue.callers) >= MAX_CALLERS:
        return _leave_queue(line, element, {"QueueResult": "queue-full"})
    waiting = QueuedCaller(line, time.monotonic())
    line.is_queued = True
    queue.callers.append(waiting)
    queue.bell.set()
    line.note("switchboard", "enqueue", queue.name)
    try:
        result = await _wait(line, element, queue, waiting)
    except asyncio.CancelledError:
        result = {"QueueResult": "redirected" if line.switched else "hangup"}
        if element.get("action"):
            document = next_document(line, element, about_queue | result | _queue_time(waiting))
            line.exchange.spawn(notify_after_end(line, document))
        raise
    finally:
        line.is_queued = False
        if waiting in queue.callers:
            queue.callers.remove(waiting)
    return _leave_queue(line, element, about_queue | result | _queue_time(waiting))


async def _wait(
    line: Line, element: Element, queue: CallQueue[Line], waiting: QueuedCaller[Line]
) -> dict[str, str]:
    def parameters() -> dict[str, str]:
        place = queue.callers.index(waiting) + 1 if waiting in queue.callers else 0
        return {
            "QueueSid": queue.sid,
            "QueuePosition": str(place),
            "CurrentQueueSize": str(len(queue.callers)),
            "AvgQueueTime": str(line.exchange.clock.elapsed(waiting.since)),
            **_queue_time(waiting),
        }

    giving_up = asyncio.ensure_future(give_up(line))
    try:
        method = element.get("waitUrlMethod", "POST")
        holding = hold(line, element.get("waitUrl"), method, parameters)
        await hold_until(waiting.connected.wait(), holding)
    except Leave:
        return {"QueueResult": "leave"}
    finally:
        giving_up.cancel()
    await waiting.released.wait()
    return {"QueueResult": "bridged"}


def _queue_time(waiting: QueuedCaller[Line]) -> dict[str, str]:
    return {"QueueTime": str(waiting.line.exchange.clock.elapsed(waiting.since))}


def _leave_queue(line: Line, element: Element, result: dict[str, str]) -> Source | None:
    line.note("switchboard", "queue left", result["QueueResult"])
    return next_document(line, element, result) if element.get("action") else None


async def serve_next(line: Line, dial: Element, noun: Element) -> dict[str, str]:
    """Talk with the caller who has waited longest; return the parameters of the Dial's action."""
    queue = find_queue(line, plain_text(noun).strip() or "default")
    line.note("switchboard", "dial", f"queue {queue.name}")
    timeout = read_number(line, dial, "timeout", DEFAULT_RINGING_SECONDS, 13212)
    try:
        waiting = await line.exchange.clock.within(timeout, _next_caller(queue))
    except TimeoutError:
        return {"DialCallStatus": "no-answer", "DialBridged": "false"}
    waiting.connected.set()
    try:
        if url := noun.get("url"):
            # Twilio runs this document on the leg of the waiting caller.
            document = DocumentUrl(line.address(url), noun.get("method", "POST"))
            await whisper(waiting.line, document)
        longest = read_number(line, dial, "timeLimit", MAX_CALL_SECONDS, 13216)
        began = time.monotonic()
        star = read_flag(dial, "hangupOnStar")
        await bridge(line, waiting.line, longest=longest, star_ends=star)
    finally:
        waiting.released.set()
    return {
        "DialCallStatus": "completed",
        "DialCallSid": waiting.line.call.sid,
        "DialCallDuration": str(max(1, line.exchange.clock.elapsed(began))),
        "DialBridged": "true",
    }


async def _next_caller(queue: CallQueue[Line]) -> QueuedCaller[Line]:
    while True:
        while queue.callers:
            waiting = queue.callers.popleft()
            if not waiting.connected.is_set() and not waiting.line.has_ended():
                return waiting
        queue.bell.clear()
        await queue.bell.wait()
