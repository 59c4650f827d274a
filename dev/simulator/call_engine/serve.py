"""Waiting rooms: Enqueue puts a caller in, Dial Queue takes the first one out."""

import asyncio
import time
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.bridge import bridge
from dev.simulator.call_engine.documents import Ask, Program, plain_text
from dev.simulator.call_engine.flow import Leave
from dev.simulator.call_engine.hold import give_up, hold, until
from dev.simulator.call_engine.interpret import next_page, seconds, verb, yes
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.order import LONGEST_CALL
from dev.simulator.call_engine.record import ask_in_vain
from dev.simulator.call_engine.rooms import Waiting, WaitingRoom
from dev.simulator.call_engine.whisper import whisper

CROWD: Final = 100
DEFAULT_RINGING: Final = 30


def waiting_room(line: Line, name: str) -> WaitingRoom:
    """The room of this name; it exists from its first use on."""
    return line.exchange.waiting_rooms.setdefault(name, WaitingRoom(name))


@verb("Enqueue")
async def enqueue(line: Line, element: Element) -> Program | None:
    """Wait in a room until somebody takes the caller out, or the caller leaves."""
    room = waiting_room(line, (element.text or "").strip() or "default")
    told = {"QueueSid": room.sid}
    if len(room.callers) >= CROWD:
        return _go_on(line, element, {"QueueResult": "queue-full"})
    waiting = Waiting(line, time.monotonic())
    line.queued = True
    room.callers.append(waiting)
    room.bell.set()
    line.note("switchboard", "enqueue", room.name)
    try:
        result = await _wait(line, element, room, waiting)
    except asyncio.CancelledError:
        result = {"QueueResult": "redirected" if line.switched else "hangup"}
        if element.get("action"):
            page = next_page(line, element, told | result | _time(waiting))
            line.exchange.spawn(ask_in_vain(line, page))
        raise
    finally:
        line.queued = False
        if waiting in room.callers:
            room.callers.remove(waiting)
    return _go_on(line, element, told | result | _time(waiting))


async def _wait(
    line: Line, element: Element, room: WaitingRoom, waiting: Waiting
) -> dict[str, str]:
    def told() -> dict[str, str]:
        place = room.callers.index(waiting) + 1 if waiting in room.callers else 0
        return {
            "QueueSid": room.sid,
            "QueuePosition": str(place),
            "CurrentQueueSize": str(len(room.callers)),
            "AvgQueueTime": str(line.exchange.clock.elapsed(waiting.since)),
            **_time(waiting),
        }

    giving_up = asyncio.ensure_future(give_up(line))
    try:
        method = element.get("waitUrlMethod", "POST")
        holding = hold(line, element.get("waitUrl"), method, told)
        await until(waiting.taken.wait(), holding)
    except Leave:
        return {"QueueResult": "leave"}
    finally:
        giving_up.cancel()
    await waiting.released.wait()
    return {"QueueResult": "bridged"}


def _time(waiting: Waiting) -> dict[str, str]:
    return {"QueueTime": str(waiting.line.exchange.clock.elapsed(waiting.since))}


def _go_on(line: Line, element: Element, told: dict[str, str]) -> Program | None:
    line.note("switchboard", "queue left", told["QueueResult"])
    return next_page(line, element, told) if element.get("action") else None


async def serve_next(line: Line, dial: Element, noun: Element) -> dict[str, str]:
    """Dial Queue: talk with whoever has waited longest; what the action is told."""
    room = waiting_room(line, plain_text(noun).strip() or "default")
    line.note("switchboard", "dial", f"queue {room.name}")
    patience = seconds(line, dial, "timeout", DEFAULT_RINGING, 13212)
    try:
        waiting = await line.exchange.clock.within(patience, _first(room))
    except TimeoutError:
        return {"DialCallStatus": "no-answer", "DialBridged": "false"}
    waiting.taken.set()
    try:
        if url := noun.get("url"):
            # The caller hears who comes; Twilio runs this document on the waiting leg.
            page = Ask(line.address(url), noun.get("method", "POST"))
            await whisper(waiting.line, page)
        longest = seconds(line, dial, "timeLimit", LONGEST_CALL, 13216)
        began = time.monotonic()
        star = yes(dial, "hangupOnStar")
        await bridge(line, waiting.line, longest=longest, star_ends=star)
    finally:
        waiting.released.set()
    return {
        "DialCallStatus": "completed",
        "DialCallSid": waiting.line.call.sid,
        "DialCallDuration": str(max(1, line.exchange.clock.elapsed(began))),
        "DialBridged": "true",
    }


async def _first(room: WaitingRoom) -> Waiting:
    while True:
        while room.callers:
            waiting = room.callers.popleft()
            if not waiting.taken.is_set() and not waiting.line.has_ended():
                return waiting
        room.bell.clear()
        await room.bell.wait()
