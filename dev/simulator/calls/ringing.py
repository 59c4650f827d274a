"""Let a phone ring, and detect whether a person or a machine answers."""

import asyncio
from typing import Final

from dev.simulator.calls.line import Line
from dev.simulator.clock import now_rfc2822

DIAL_SECONDS: Final = 0.5  # between the request and the first ring
NOT_ANSWERED = {"decline": "busy", "busy": "busy", "no-answer": "no-answer", "failed": "failed"}
MACHINE = {"Enable": "machine_start", "DetectMessageEnd": "machine_end_beep"}
DETECTION_MS = {"human": "2100", "machine": "4600"}


async def ring(line: Line) -> str:
    """Ring until somebody answers (``answer``), or return the leg's final status.

    The statuses on the way are reported as they come.
    """
    phone, clock = line.person.phone, line.exchange.clock
    if line.has_ended():
        return "canceled"
    line.set_status("initiated")
    await clock.sleep(DIAL_SECONDS)
    if line.has_ended():
        return "canceled"
    if phone.unreachable:
        return "failed"
    if phone.busy:
        return "busy"
    line.note("switchboard", "ring", line.call.to)
    line.set_status("ringing")
    action = line.person.next_while_ringing()
    if line.peer is not None:
        line.exchange.spawn(_follow_peer(line, line.peer))
    elif action is not None:
        line.pick_up(action.kind)
    elif phone.answers and phone.ring <= line.options.ring_for:
        # The call may be canceled before the person answers.
        early = await line.wait_for_pickup(phone.ring)
        line.pick_up("answer" if early == "no-answer" else early)
    how = await line.wait_for_pickup(line.options.ring_for)
    if how != "answer":
        return NOT_ANSWERED.get(how, "canceled")
    line.note("caller", "answer")
    line.set_status("in-progress")
    return "answer"


async def _follow_peer(line: Line, peer: Line) -> None:
    """Answer when the call at our own number is answered."""
    events = [asyncio.ensure_future(each.wait()) for each in (peer.answered_event, peer.over)]
    await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
    events[1].cancel()
    line.pick_up("answer" if peer.answered_event.is_set() else peer.call.status)


async def detect_machine(line: Line) -> None:
    """Detect who answered, before the first document or, if asynchronous, during it."""
    options = line.options
    if not options.detection:
        return
    kind = "machine" if line.person.phone.machine else "human"
    answered_by = MACHINE.get(options.detection, "machine_start") if kind == "machine" else "human"

    async def detect() -> None:
        await line.exchange.clock.sleep(int(DETECTION_MS[kind]) / 1000)
        line.call.answered_by = answered_by
        line.note("switchboard", "detected", answered_by)

    async def detect_and_report() -> None:
        await detect()
        parameters = {
            "CallSid": line.call.sid,
            "AccountSid": line.call.account_sid,
            "AnsweredBy": answered_by,
            "MachineDetectionDuration": DETECTION_MS[kind],
            "Timestamp": now_rfc2822(),
        }
        if options.detection_callback:
            line.exchange.webhooks.notify(
                options.detection_callback, parameters, options.detection_method
            )

    if options.async_detection:
        line.exchange.spawn(detect_and_report())
    else:
        await detect()
