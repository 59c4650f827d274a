"""Dial: ring one or several phones, and connect the first one that answers."""

import asyncio
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.addresses import callee
from dev.simulator.calls.bridge import bridge
from dev.simulator.calls.conference import meet
from dev.simulator.calls.interpreter import next_document, read_flag, read_number, verb
from dev.simulator.calls.legs import connect_to_us, new_leg
from dev.simulator.calls.line import Line
from dev.simulator.calls.options import MAX_CALL_SECONDS
from dev.simulator.calls.recordings import keep_recording
from dev.simulator.calls.ringing import detect_machine, ring
from dev.simulator.calls.verbs.queue import serve_next
from dev.simulator.calls.verbs.record import notify_after_end
from dev.simulator.calls.whisper import whisper
from dev.simulator.documents import DocumentUrl, Source, plain_text

MAX_LEGS: Final = 10
# From the best outcome to the worst: the best one of several legs is the Dial's.
BEST_FIRST = ("no-answer", "busy", "canceled", "failed")
RECORDED = {"true", "record-from-answer", "record-from-ringing", "record-from-answer-dual"}
RECORDED |= {"record-from-ringing-dual"}
SCHEMES = {"Number": "", "Sim": "", "Client": "client:", "Sip": "", "Application": "app:"}
SCHEMES |= {"WhatsApp": "whatsapp:"}
PHONES = {"Number", "Sim"}  # calling these, a client or SIP endpoint needs a number as caller ID


@dataclass(frozen=True, slots=True)
class Target:
    """One address to dial, and the noun that names it."""

    address: str
    noun: Element


@verb("Dial")
async def dial(line: Line, element: Element) -> Source | None:
    """Connect the line with somebody else; then call the action, or go on."""
    result: dict[str, str] = {"DialCallStatus": "canceled"}
    try:
        result = await _connect_noun(line, element)
    except asyncio.CancelledError:
        # The caller hung up. The action is still called, but nobody hears its answer.
        if element.get("action") and not line.switched:
            completed = result | {"DialCallStatus": "completed"}
            line.exchange.spawn(notify_after_end(line, next_document(line, element, completed)))
        raise
    line.note("switchboard", "dial ended", result["DialCallStatus"])
    return next_document(line, element, result) if element.get("action") else None


async def _connect_noun(line: Line, element: Element) -> dict[str, str]:
    noun = next(iter(element), None)
    if noun is not None and noun.tag == "Conference":
        return await meet(line, element, noun)
    if noun is not None and noun.tag == "Queue":
        return await serve_next(line, element, noun)
    return await _ring_targets(line, element, _targets(line, element))


def _targets(line: Line, element: Element) -> list[Target]:
    """Return what to ring; record an error for what cannot be rung."""
    nouns = list(element)
    if not nouns and (element.text or "").strip():
        number = Element("Number")
        number.text = element.text
        nouns = [number]
    targets = []
    caller = element.get("callerId", line.call.sender)
    for noun in nouns[:MAX_LEGS]:
        if noun.tag not in SCHEMES:
            line.error(12200, f"unknown noun <{noun.tag}> in <Dial>", warning=True)
            continue
        address = SCHEMES[noun.tag] + _address(noun)
        known = noun.tag in {"Application", "WhatsApp"} or callee(address)
        if not known:
            line.error(13224, f"Dial: {address!r} cannot be called")
            continue
        if noun.tag in PHONES and ":" in caller:
            line.error(13214, f"Dial: {caller!r} cannot be the callerId of a call to a phone")
            continue
        targets.append(Target(callee(address) or address, noun))
    return targets


def _address(noun: Element) -> str:
    """A noun's address: its text, or a child of its own (Identity, ApplicationSid)."""
    inner = noun.find("Identity")
    if inner is None:
        inner = noun.find("ApplicationSid")
    return plain_text(noun if inner is None else inner).strip()


async def _ring_targets(line: Line, element: Element, targets: list[Target]) -> dict[str, str]:
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
    """End a leg, and the inbound call at our own number if there is one."""
    status = "completed" if leg.answered else "canceled"
    if leg.peer is not None:
        leg.peer.end(by="caller")
    leg.end(status)
    leg.finish(status)


async def _first_to_answer(
    ringing: dict["asyncio.Task[str]", Line],
) -> tuple[Line | None, str]:
    """Return the first leg that is answered and cancel the others; else, the best outcome."""
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
    return None, min(outcomes, key=BEST_FIRST.index)


async def _connect(line: Line, element: Element, leg: Line, noun: Element) -> dict[str, str]:
    """Whisper, then bridge; return the parameters of the action."""
    result = {"DialCallSid": leg.call.sid}
    if not await _accepts(leg, noun):
        return result | {"DialCallStatus": "no-answer", "DialBridged": "false"}
    longest = read_number(line, element, "timeLimit", MAX_CALL_SECONDS, 13216)
    try:
        await bridge(line, leg, longest=longest, star_ends=read_flag(element, "hangupOnStar"))
    finally:
        length = max(1, line.exchange.clock.elapsed(leg.began))
        if element.get("record", "") in RECORDED:
            result |= _keep_dial_recording(line, element, length)
    return result | {
        "DialCallStatus": "completed",
        "DialCallDuration": str(length),
        "DialBridged": "true",
    }


async def _accepts(leg: Line, noun: Element) -> bool:
    """Run the noun's own document for the person who answered; hanging up in it refuses."""
    url = noun.get("url")
    await detect_machine(leg)
    if not url:
        return not leg.has_ended()
    return await whisper(leg, DocumentUrl(leg.address(url), noun.get("method", "POST")))


def _keep_dial_recording(line: Line, element: Element, length: int) -> dict[str, str]:
    recording = keep_recording(
        line,
        length,
        "DialVerb",
        dual=element.get("record", "").endswith("-dual"),
        callback=line.address(element.get("recordingStatusCallback", "")),
        method=element.get("recordingStatusCallbackMethod", "POST"),
    )
    return {
        "RecordingUrl": recording.media_url,
        "RecordingSid": recording.sid,
        "RecordingDuration": recording.duration,
    }
