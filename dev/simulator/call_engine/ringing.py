"""A phone rings: what its owner does, and what machine detection makes of the answer."""

import asyncio
from typing import Final

from dev.simulator.call_engine.line import Line
from dev.simulator.clock import now_rfc2822

DIALLING: Final = 0.5  # seconds between asking and ringing
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
    line.move("initiated")
    await clock.sleep(DIALLING)
    if line.has_ended():
        return "canceled"
    if phone.unreachable:
        return "failed"
    if phone.busy:
        return "busy"
    line.note("switchboard", "ring", line.call.to)
    line.move("ringing")
    scripted = line.person.ringing()
    if line.far_end is not None:
        line.exchange.spawn(_answered_by_us(line, line.far_end))
    elif scripted is not None:
        line.pick_up(scripted.kind)
    elif phone.answers and phone.ring <= line.order.ring_for:
        # The person is quicker than the longest ringing, but may be canceled before.
        early = await line.picked_up(phone.ring)
        line.pick_up("answer" if early == "no-answer" else early)
    how = await line.picked_up(line.order.ring_for)
    if how != "answer":
        return NOT_ANSWERED.get(how, "canceled")
    line.note("caller", "answer")
    line.move("in-progress")
    return "answer"


async def _answered_by_us(line: Line, far_end: Line) -> None:
    """Pick up when the document at our own number does."""
    events = [asyncio.ensure_future(each.wait()) for each in (far_end.taken, far_end.over)]
    await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
    events[1].cancel()
    line.pick_up("answer" if far_end.taken.is_set() else far_end.call.status)


async def detect_machine(line: Line) -> None:
    """Find out who answered: before the first document, or beside it when asynchronous."""
    order = line.order
    if not order.detection:
        return
    kind = "machine" if line.person.phone.machine else "human"
    answered_by = MACHINE.get(order.detection, "machine_start") if kind == "machine" else "human"

    async def detect() -> None:
        await line.exchange.clock.sleep(int(DETECTION_MS[kind]) / 1000)
        line.call.answered_by = answered_by
        line.note("switchboard", "detected", answered_by)

    async def tell() -> None:
        await detect()
        told = {
            "CallSid": line.call.sid,
            "AccountSid": line.call.account_sid,
            "AnsweredBy": answered_by,
            "MachineDetectionDuration": DETECTION_MS[kind],
            "Timestamp": now_rfc2822(),
        }
        if order.detection_callback:
            line.exchange.webhooks.notify(order.detection_callback, told, order.detection_method)

    if order.async_detection:
        line.exchange.spawn(tell())
    else:
        await detect()
