"""Dial: ring one or several phones, whisper to whoever answers first, and connect the two."""

import asyncio
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import callee
from dev.simulator.call_engine.bridge import bridge
from dev.simulator.call_engine.conference import meet
from dev.simulator.call_engine.documents import Ask, Program, plain_text
from dev.simulator.call_engine.interpret import next_page, seconds, verb, yes
from dev.simulator.call_engine.legs import connect_to_us, new_leg
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.order import LONGEST_CALL
from dev.simulator.call_engine.record import ask_in_vain
from dev.simulator.call_engine.recordings import keep_recording
from dev.simulator.call_engine.ringing import detect_machine, ring
from dev.simulator.call_engine.serve import serve_next
from dev.simulator.call_engine.whisper import whisper

MOST_LEGS: Final = 10
# How bad an outcome is, so that the best of several legs speaks for the Dial.
WORST_LAST = ("no-answer", "busy", "canceled", "failed")
RECORDED = {"true", "record-from-answer", "record-from-ringing", "record-from-answer-dual"}
RECORDED |= {"record-from-ringing-dual"}
SCHEMES = {"Number": "", "Sim": "", "Client": "client:", "Sip": "", "Application": "app:"}
SCHEMES |= {"WhatsApp": "whatsapp:"}
PHONES = {"Number", "Sim"}  # a browser or SIP phone that calls these needs a number to show


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to dial: its address and the noun that names it."""

    address: str
    noun: Element


@verb("Dial")
async def dial(line: Line, element: Element) -> Program | None:
    """Connect the line with somebody else; then ask the action, or go on."""
    told: dict[str, str] = {"DialCallStatus": "canceled"}
    try:
        told = await _dialled(line, element)
    except asyncio.CancelledError:
        # The caller hung up: the action is still asked, though nobody hears its answer.
        if element.get("action") and not line.switched:
            completed = told | {"DialCallStatus": "completed"}
            line.exchange.spawn(ask_in_vain(line, next_page(line, element, completed)))
        raise
    line.note("switchboard", "dial ended", told["DialCallStatus"])
    return next_page(line, element, told) if element.get("action") else None


async def _dialled(line: Line, element: Element) -> dict[str, str]:
    noun = next(iter(element), None)
    if noun is not None and noun.tag == "Conference":
        return await meet(line, element, noun)
    if noun is not None and noun.tag == "Queue":
        return await serve_next(line, element, noun)
    return await _ring_them(line, element, _targets(line, element))


def _targets(line: Line, element: Element) -> list[Target]:
    """Whom to ring; what cannot be rung is noted."""
    nouns = list(element)
    if not nouns and (element.text or "").strip():
        number = Element("Number")
        number.text = element.text
        nouns = [number]
    targets = []
    caller = element.get("callerId", line.call.sender)
    for noun in nouns[:MOST_LEGS]:
        if noun.tag not in SCHEMES:
            line.error(12200, f"unknown noun <{noun.tag}> in <Dial>", warning=True)
            continue
        address = SCHEMES[noun.tag] + _addressed(noun)
        known = noun.tag in {"Application", "WhatsApp"} or callee(address)
        if not known:
            line.error(13224, f"Dial: {address!r} cannot be called")
            continue
        if noun.tag in PHONES and ":" in caller:
            line.error(13214, f"Dial: {caller!r} cannot be the callerId of a call to a phone")
            continue
        targets.append(Target(callee(address) or address, noun))
    return targets


def _addressed(noun: Element) -> str:
    """A noun's address: its text, or a child of its own (Identity, ApplicationSid)."""
    inner = noun.find("Identity")
    if inner is None:
        inner = noun.find("ApplicationSid")
    return plain_text(noun if inner is None else inner).strip()


async def _ring_them(line: Line, element: Element, targets: list[Target]) -> dict[str, str]:
    if not targets:
        return {"DialCallStatus": "failed", "DialBridged": "false"}
    legs = [new_leg(line, element, target.address, target.noun) for target in targets]
    line.legs.extend(legs)
    for leg in legs:
        connect_to_us(line, leg)
    line.note("switchboard", "dial", ", ".join(target.address for target in targets))
    ringing = {asyncio.create_task(ring(leg)): leg for leg in legs}
    try:
        winner, outcome = await _first_to_answer(ringing)
        if winner is None:
            return {"DialCallStatus": outcome, "DialCallSid": legs[0].call.sid} | {
                "DialBridged": "false"
            }
        noun = targets[legs.index(winner)].noun
        return await _connect(line, element, winner, noun)
    finally:
        for task, leg in ringing.items():
            task.cancel()
            _hang_up(leg)


def _hang_up(leg: Line) -> None:
    """End a leg, and the call at our own number that it may have become."""
    status = "completed" if leg.answered else "canceled"
    if leg.far_end is not None:
        leg.far_end.end(by="caller")
    leg.end(status)
    leg.finish(status)


async def _first_to_answer(
    ringing: dict["asyncio.Task[str]", Line],
) -> tuple[Line | None, str]:
    """The first leg that is answered; the rest are canceled. Else the best bad outcome."""
    outcomes = []
    waiting = set(ringing)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=lambda each: each.result() != "answer"):
            leg = ringing[task]
            if task.result() == "answer":
                for other in ringing.values():
                    if other is not leg:
                        _hang_up(other)
                return leg, "answer"
            outcomes.append(task.result())
            leg.finish(task.result())
    return None, min(outcomes, key=WORST_LAST.index)


async def _connect(line: Line, element: Element, leg: Line, noun: Element) -> dict[str, str]:
    """Whisper, then bridge; what the action is told."""
    told = {"DialCallSid": leg.call.sid}
    if not await _accepts(leg, noun):
        return told | {"DialCallStatus": "no-answer", "DialBridged": "false"}
    longest = seconds(line, element, "timeLimit", LONGEST_CALL, 13216)
    try:
        await bridge(line, leg, longest=longest, star_ends=yes(element, "hangupOnStar"))
    finally:
        length = max(1, line.exchange.clock.elapsed(leg.began))
        if element.get("record", "") in RECORDED:
            told |= _recorded(line, element, length)
    return told | {
        "DialCallStatus": "completed",
        "DialCallDuration": str(length),
        "DialBridged": "true",
    }


async def _accepts(leg: Line, noun: Element) -> bool:
    """Let whoever answered hear the noun's own document; hanging up there is a refusal."""
    url = noun.get("url")
    await detect_machine(leg)
    if not url:
        return not leg.has_ended()
    return await whisper(leg, Ask(leg.address(url), noun.get("method", "POST")))


def _recorded(line: Line, element: Element, length: int) -> dict[str, str]:
    made = keep_recording(
        line,
        length,
        "DialVerb",
        dual=element.get("record", "").endswith("-dual"),
        callback=line.address(element.get("recordingStatusCallback", "")),
        method=element.get("recordingStatusCallbackMethod", "POST"),
    )
    return {
        "RecordingUrl": made.media_url,
        "RecordingSid": made.sid,
        "RecordingDuration": made.duration,
    }
