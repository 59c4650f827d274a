"""Dial Conference: wait for whoever may start it, talk with everybody, leave or end it."""

import asyncio
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.bridge import farewell, speak_to
from dev.simulator.call_engine.documents import plain_text
from dev.simulator.call_engine.hold import give_up, hold, until
from dev.simulator.call_engine.interpret import seconds, yes
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.recordings import keep_recording
from dev.simulator.call_engine.rooms import Conference
from dev.simulator.clock import now_rfc2822

CROWD: Final = 250
EVENTS = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
}


async def meet(line: Line, dial: Element, noun: Element) -> dict[str, str]:
    """Join a conference and stay in it; what the Dial's action is told afterwards."""
    room = _enter(line, noun)
    if room is None:
        return {"DialCallStatus": "failed"}
    _tell(line, room, noun, "join")
    try:
        await _wait_for_start(line, room, noun)
        star_ends = yes(dial, "hangupOnStar")
        await _talk(line, room, muted=yes(noun, "muted"), star_ends=star_ends)
    finally:
        _leave(line, room, noun)
    return {"DialCallStatus": "answered", "ConferenceSid": room.sid}


def _enter(line: Line, noun: Element) -> Conference | None:
    name = plain_text(noun).strip()
    rooms = line.exchange.conferences
    room = rooms.get(name)
    if room is None or room.over.is_set():
        room = rooms[name] = Conference(name)
    if len(room.members) >= seconds(line, noun, "maxParticipants", CROWD, 13234):
        line.error(13234, f"conference {name} is full", warning=True)
        return None
    room.members.append(line)
    if yes(noun, "startConferenceOnEnter", "true"):
        room.starters.add(line.call.sid)
    line.note("switchboard", "conference", name, muted=yes(noun, "muted"))
    for other in room.others(line):
        other.note("other", "joined", line.call.sender)
    if room.starters and len(room.members) > 1 and not room.begun.is_set():
        room.begun.set()
        _tell(line, room, noun, "start")
    return room


async def _wait_for_start(line: Line, room: Conference, noun: Element) -> None:
    if room.begun.is_set():
        return
    told = {"ConferenceSid": room.sid, "FriendlyName": room.name}
    method = noun.get("waitMethod", "POST")
    waiting = asyncio.ensure_future(give_up(line))
    try:
        await until(room.begun.wait(), hold(line, noun.get("waitUrl"), method, lambda: told))
    finally:
        waiting.cancel()
    if not room.over.is_set():
        line.note("switchboard", "conference begins", room.name)


async def _talk(line: Line, room: Conference, *, muted: bool, star_ends: bool) -> None:
    async def tire() -> None:
        await farewell(line)
        await line.hung_up()

    def listeners() -> list[Line]:
        return [] if muted else room.others(line)

    speaking = speak_to(line, listeners, star_ends=star_ends)
    doing = [asyncio.ensure_future(work) for work in (speaking, tire(), room.over.wait())]
    try:
        await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in doing:
            task.cancel()


def _leave(line: Line, room: Conference, noun: Element) -> None:
    if line not in room.members:
        return
    room.members.remove(line)
    _tell(line, room, noun, "leave")
    for other in room.members:
        other.note("other", "left", line.call.sender)
    if not room.members or yes(noun, "endConferenceOnExit"):
        _end(line, room, noun)


def _end(line: Line, room: Conference, noun: Element) -> None:
    if room.over.is_set():
        return
    room.over.set()
    room.begun.set()  # whoever still waits leaves too
    line.exchange.conferences.pop(room.name, None)
    _tell(line, room, noun, "end")
    if noun.get("record") == "record-from-start":
        keep_recording(
            line,
            max(1, line.exchange.clock.elapsed(line.began)),
            "Conference",
            callback=line.address(noun.get("recordingStatusCallback", "")),
            method=noun.get("recordingStatusCallbackMethod", "POST"),
        )


def _tell(line: Line, room: Conference, noun: Element, event: str) -> None:
    url = noun.get("statusCallback")
    if not url or event not in noun.get("statusCallbackEvent", "start end join leave").split():
        return
    room.events += 1
    told = {
        "ConferenceSid": room.sid,
        "FriendlyName": room.name,
        "AccountSid": line.call.account_sid,
        "StatusCallbackEvent": EVENTS[event],
        "SequenceNumber": str(room.events),
        "Timestamp": now_rfc2822(),
    }
    if event in {"join", "leave"}:
        told |= {
            "CallSid": line.call.sid,
            "Muted": noun.get("muted", "false"),
            "Hold": "false",
            "StartConferenceOnEnter": noun.get("startConferenceOnEnter", "true"),
            "EndConferenceOnExit": noun.get("endConferenceOnExit", "false"),
        }
    method = noun.get("statusCallbackMethod", "POST")
    line.exchange.webhooks.notify(line.address(url), told, method)
