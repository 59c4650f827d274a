"""Dial Conference: wait until it starts, talk with everybody, leave or end it."""

import asyncio
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.bridge import speak_to, wait_for_goodbye
from dev.simulator.calls.conferences_and_queues import Conference
from dev.simulator.calls.hold import give_up, hold, hold_until
from dev.simulator.calls.interpreter import read_flag, read_number
from dev.simulator.calls.line import Line
from dev.simulator.calls.recordings import keep_recording
from dev.simulator.clock import now_rfc2822
from dev.simulator.documents import plain_text

MAX_PARTICIPANTS: Final = 250
EVENTS = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
}


async def meet(line: Line, dial: Element, noun: Element) -> dict[str, str]:
    """Join a conference until it is over; return the parameters of the Dial's action."""
    conference = _enter(line, noun)
    if conference is None:
        return {"DialCallStatus": "failed"}
    _report(line, conference, noun, "join")
    try:
        await _wait_for_start(line, conference, noun)
        star_ends = read_flag(dial, "hangupOnStar")
        await _talk(line, conference, muted=read_flag(noun, "muted"), star_ends=star_ends)
    finally:
        _leave(line, conference, noun)
    return {"DialCallStatus": "answered", "ConferenceSid": conference.sid}


def _enter(line: Line, noun: Element) -> Conference[Line] | None:
    name = plain_text(noun).strip()
    conferences = line.exchange.conferences
    conference = conferences.get(name)
    if conference is None or conference.over.is_set():
        conference = conferences[name] = Conference(name)
    if len(conference.members) >= read_number(
        line, noun, "maxParticipants", MAX_PARTICIPANTS, 13234
    ):
        line.error(13234, f"conference {name} is full", warning=True)
        return None
    conference.members.append(line)
    if read_flag(noun, "startConferenceOnEnter", "true"):
        conference.starters.add(line.call.sid)
    line.note("switchboard", "conference", name, muted=read_flag(noun, "muted"))
    for other in conference.others(line):
        other.note("other", "joined", line.call.sender)
    if conference.starters and len(conference.members) > 1 and not conference.begun.is_set():
        conference.begun.set()
        _report(line, conference, noun, "start")
    return conference


async def _wait_for_start(line: Line, conference: Conference[Line], noun: Element) -> None:
    if conference.begun.is_set():
        return
    about = {"ConferenceSid": conference.sid, "FriendlyName": conference.name}
    method = noun.get("waitMethod", "POST")
    waiting = asyncio.ensure_future(give_up(line))
    try:
        await hold_until(
            conference.begun.wait(), hold(line, noun.get("waitUrl"), method, lambda: about)
        )
    finally:
        waiting.cancel()
    if not conference.over.is_set():
        line.note("switchboard", "conference begins", conference.name)


async def _talk(line: Line, conference: Conference[Line], *, muted: bool, star_ends: bool) -> None:
    async def hang_up_at_goodbye() -> None:
        await wait_for_goodbye(line)
        await line.hang_up()

    def listeners() -> list[Line]:
        return [] if muted else conference.others(line)

    speaking = speak_to(line, listeners, star_ends=star_ends)
    doing = [
        asyncio.ensure_future(work)
        for work in (speaking, hang_up_at_goodbye(), conference.over.wait())
    ]
    try:
        await asyncio.wait(doing, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in doing:
            task.cancel()


def _leave(line: Line, conference: Conference[Line], noun: Element) -> None:
    if line not in conference.members:
        return
    conference.members.remove(line)
    _report(line, conference, noun, "leave")
    for other in conference.members:
        other.note("other", "left", line.call.sender)
    if not conference.members or read_flag(noun, "endConferenceOnExit"):
        _end(line, conference, noun)


def _end(line: Line, conference: Conference[Line], noun: Element) -> None:
    if conference.over.is_set():
        return
    conference.over.set()
    conference.begun.set()  # those that still wait leave too
    line.exchange.conferences.pop(conference.name, None)
    _report(line, conference, noun, "end")
    if noun.get("record") == "record-from-start":
        keep_recording(
            line,
            max(1, line.exchange.clock.elapsed(line.began)),
            "Conference",
            callback=line.address(noun.get("recordingStatusCallback", "")),
            method=noun.get("recordingStatusCallbackMethod", "POST"),
        )


def _report(line: Line, conference: Conference[Line], noun: Element, event: str) -> None:
    url = noun.get("statusCallback")
    if not url or event not in noun.get("statusCallbackEvent", "start end join leave").split():
        return
    conference.events += 1
    parameters = {
        "ConferenceSid": conference.sid,
        "FriendlyName": conference.name,
        "AccountSid": line.call.account_sid,
        "StatusCallbackEvent": EVENTS[event],
        "SequenceNumber": str(conference.events),
        "Timestamp": now_rfc2822(),
    }
    if event in {"join", "leave"}:
        parameters |= {
            "CallSid": line.call.sid,
            "Muted": noun.get("muted", "false"),
            "Hold": "false",
            "StartConferenceOnEnter": noun.get("startConferenceOnEnter", "true"),
            "EndConferenceOnExit": noun.get("endConferenceOnExit", "false"),
        }
    method = noun.get("statusCallbackMethod", "POST")
    line.exchange.webhooks.notify(line.address(url), parameters, method)
