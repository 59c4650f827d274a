"""One leg of a call while it lives: its person, its transcript, and who may end it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from dev.simulator.addresses import absolute
from dev.simulator.books import Call
from dev.simulator.call_engine.documents import Ask, Program
from dev.simulator.call_engine.order import CallOrder
from dev.simulator.call_engine.person import Deed, Person
from dev.simulator.clock import now_rfc2822
from dev.simulator.exchange import Exchange
from dev.simulator.geography import place

SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487"}
NOT_FOUND = "404"
EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}


Documents = Callable[["Line", Program], Awaitable[None]]  # the interpreter's entrance


class HangUp(Exception):  # noqa: N818 # control flow, not an error
    """The document ends the call."""


class Line:
    """A leg, from the first ring to the end."""

    def __init__(self, exchange: Exchange, call: Call, order: CallOrder, person: Person) -> None:
        self.exchange = exchange
        self.call = call
        self.order = order
        self.person = person
        self.transcript: list[dict[str, object]] = []
        self.errors: list[dict[str, object]] = []
        self.legs: list[Line] = []
        self.page = Ask("")
        self.documents = 0
        self.began = time.monotonic()
        self.answered = False
        self.over = asyncio.Event()
        self.departure = asyncio.Event()  # somebody hung up; the leg may still be winding down
        self.switched = False
        self.queued = False  # waits in a queue, which Leave leaves
        self.ended_by = "switchboard"
        self.recorded: Callable[[], dict[str, str]] = dict  # keeps the recording of a whole call
        self.recording: dict[str, str] = {}
        self.taken = asyncio.Event()
        self.far_end: Line | None = None  # the inbound call that this leg is at our own number
        self.heard_by: Line | None = None  # who is at the other end of such an inbound call
        self._pickup: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._next: Program | None = None
        self._doing: asyncio.Task[None] | None = None
        self._reported = 0
        exchange.lines[call.sid] = self
        exchange.live.add(self)

    # What is heard

    def note(self, who: str, event: str, text: str = "", **more: object) -> None:
        """Write one line of the transcript."""
        entry = {"at": time.time(), "who": who, "event": event, "text": text, **more}
        self.transcript.append(entry)
        self.exchange.journal.add("heard", sid=self.call.sid, line=entry)
        if self.heard_by is not None and who == "switchboard":
            self.heard_by.note("other", event, text, sid=self.call.sid)

    def error(self, code: int, text: str, *, warning: bool = False) -> None:
        """Write down what Twilio's debugger would show."""
        level = "warning" if warning else "error"
        entry: dict[str, object] = {"code": code, "text": text, "level": level}
        self.errors.append(entry)
        self.note("switchboard", level, text, code=code)
        self.exchange.journal.add("error", sid=self.call.sid, **entry)

    def parameters(self) -> dict[str, str]:
        """What every voice request of this leg carries."""
        call = self.call
        form = {
            "CallSid": call.sid,
            "AccountSid": call.account_sid,
            "From": call.sender,
            "To": call.to,
            "Caller": call.sender,
            "Called": call.to,
            "CallStatus": call.status,
            "ApiVersion": call.api_version,
            "Direction": call.direction,
        }
        for side, number in (("From", call.sender), ("To", call.to)):
            form |= place(side, number)
        form |= place("Caller", call.sender) | place("Called", call.to)
        if call.parent_call_sid:
            form["ParentCallSid"] = call.parent_call_sid
        if call.direction == "inbound":
            form["CallToken"] = f"simulated-{call.sid}"
        if call.answered_by:
            form["AnsweredBy"] = call.answered_by
        return form | self.order.parameters

    def address(self, url: str) -> str:
        """An absolute URL, relative to the document that is running; none stays none."""
        return absolute(self.page.url, url) if url else ""

    # What happens to it

    def move(self, status: str) -> None:
        """Change the status, and report it where somebody wants to know."""
        call = self.call
        # Twilio reports nothing about a call that never left its queue.
        silent = call.status == "queued" and status == "canceled"
        call.status = status
        call.date_updated = now_rfc2822()
        if status == "in-progress":
            self.answered = True
            self.taken.set()
            self.began = time.monotonic()
            call.start_time = call.date_updated
        if call.sid in self.exchange.books.calls.rows:
            self.exchange.books.keep("call", call)
        self.exchange.journal.add(
            "call", sid=call.sid, status=status, to=call.to, duration=call.duration
        )
        if not silent:
            self._report(EVENTS.get(status, "completed"))

    def _report(self, event: str) -> None:
        reports = self.order.reports
        if not reports.url or event not in reports.events:
            return
        form = self.parameters() | {
            "Timestamp": now_rfc2822(),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._reported),
        }
        self._reported += 1
        if event == "completed":
            seconds = int(self.call.duration or 0)
            form |= {
                "CallDuration": str(seconds),
                "Duration": str(-(-seconds // 60)),
                "SipResponseCode": SIP_CODES.get(self.call.status, NOT_FOUND),
                **self.recording,
            }
        self.exchange.webhooks.notify(reports.url, form, reports.method)

    def finish(self, status: str) -> None:
        """The leg is over: enter its end in the books and report it."""
        if self.over.is_set():
            return
        self.recording = self.recorded()
        self.call.end_time = now_rfc2822()
        seconds = self.exchange.clock.elapsed(self.began) if self.answered else 0
        self.call.duration = str(max(seconds, 1) if self.answered else 0)
        self.note(self.ended_by, "hangup" if self.answered else status)
        self.over.set()
        self.exchange.live.discard(self)
        self.move(status)

    def has_ended(self) -> bool:
        """Whether somebody has hung up."""
        return self.departure.is_set() or self.over.is_set()

    # Ringing

    def pick_up(self, how: str) -> None:
        """Answer, decline, be busy, or be canceled while it rings."""
        if not self._pickup.done():
            self._pickup.set_result(how)

    async def picked_up(self, seconds: float) -> str:
        """How the ringing ends: ``no-answer``, or the word given to ``pick_up``."""
        try:
            return await self.exchange.clock.within(seconds, asyncio.shield(self._pickup))
        except TimeoutError:
            return "no-answer"

    # The document that is running

    async def follow(self, run: Documents) -> None:
        """Run documents until one ends the call, somebody hangs up, or time is up."""
        try:
            await self.exchange.clock.within(self.order.time_limit, self._follow(run))
        except TimeoutError:
            self.note("switchboard", "time limit")

    async def _follow(self, run: Documents) -> None:
        # Somebody may have sent the call elsewhere, or hung up, while it was being detected.
        program: Program | None = self._next or self.order.program
        while program is not None and not self.has_ended():
            self._next, self.switched = None, False
            self._doing = asyncio.ensure_future(run(self, program))
            try:
                await asyncio.wait({self._doing})
            finally:
                if not self._doing.done():
                    self._doing.cancel()
            if not self._doing.cancelled() and (error := self._doing.exception()) is not None:
                self.error(0, f"the simulator failed: {error!r}")
            program = self._next

    def switch_to(self, program: Program) -> None:
        """Leave the running document for another one."""
        self._next = program
        self.switched = True
        if self._doing is not None:
            self._doing.cancel()

    def end(self, status: str = "completed", by: str = "switchboard") -> None:
        """Hang up, or cancel while it rings."""
        if self.departure.is_set():
            return
        self.ended_by = by
        self.departure.set()
        if not self.answered:
            self.pick_up(status)
        self._next = None
        if self._doing is not None:
            self._doing.cancel()

    # The person

    async def speech(self, seconds: float) -> None:
        """Let the person listen for so long; a script may hang up at the end of it."""
        await self.exchange.clock.sleep(seconds)
        if self.person.wants_to_hang_up():
            await self.hung_up()

    async def hung_up(self) -> None:
        """The person hangs up; nothing goes on after this."""
        self.person.next_scripted(frozenset({"hangup"}))
        self.end(by="caller")
        await asyncio.Event().wait()

    async def listen(self, kinds: frozenset[str], seconds: float) -> Deed | None:
        """What the person does, or None when so many seconds pass."""
        clock = self.exchange.clock
        while True:
            if self.person.wants_to_hang_up():
                await self.hung_up()
            if pause := self.person.next_scripted(frozenset({"wait"})):
                await clock.sleep(float(pause.text))
                continue
            if deed := self.person.next_scripted(kinds):
                return self.heard(deed)
            break
        # Only a phone that follows a script to its end is known to do nothing more.
        scripted = bool(self.person.phone.script) and not self.person.by_hand
        rate = clock.rate if scripted else clock.waiting_rate
        try:
            return self.heard(await asyncio.wait_for(self.person.acts(kinds), seconds / rate))
        except TimeoutError:
            return None

    def heard(self, deed: Deed) -> Deed:
        """Note what the person did; it also proves that a loop is not an endless one."""
        self.documents = 0
        self.note("caller", deed.kind, deed.text)
        return deed
