"""One leg of a call while it goes on, and the exchange that holds all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from dev.simulator.addresses import absolute
from dev.simulator.books import CallError
from dev.simulator.calls.conferences_and_queues import CallQueue, Conference
from dev.simulator.calls.options import CallOptions
from dev.simulator.calls.person import Action, Person
from dev.simulator.clock import now_rfc2822
from dev.simulator.documents import DocumentUrl, Source
from dev.simulator.geography import describe_place
from dev.simulator.network import Network
from dev.simulator.resources import Call

SIP_CODES = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487"}
NOT_FOUND = "404"
APOLOGY = "We're sorry. An application error has occurred. Goodbye."
EVENTS = {"initiated": "initiated", "ringing": "ringing", "in-progress": "answered"}

RunDocuments = Callable[["Line", Source], Awaitable[None]]


class Line:
    """A leg of a call, from the first ring to the end."""

    def __init__(
        self, exchange: "Exchange", call: Call, options: CallOptions, person: Person
    ) -> None:
        self.exchange = exchange
        self.call = call
        self.options = options
        self.person = person
        self.transcript: list[dict[str, object]] = []
        self.errors: list[dict[str, object]] = []
        self.legs: list[Line] = []
        self.document = DocumentUrl("")
        self.document_count = 0  # since the person last did something
        self.began = time.monotonic()
        self.answered = False
        self.over = asyncio.Event()
        self.departure = asyncio.Event()  # somebody hung up; the leg may still be winding down
        self.switched = False
        self.is_queued = False  # waits in a queue, which <Leave> leaves
        self.ended_by = "switchboard"
        self.application_error = False  # the apology was heard
        # Keeps the recording of a whole call; returns its callback parameters.
        self.finish_recording: Callable[[], dict[str, str]] = dict
        self.recording: dict[str, str] = {}
        self.answered_event = asyncio.Event()
        self.peer: Line | None = None  # this leg rings our own number: the inbound call there
        self.heard_by: Line | None = None  # the leg at the other end of such an inbound call
        self._pickup: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._next: Source | None = None
        self._running: asyncio.Task[None] | None = None
        self._callbacks_sent = 0
        exchange.lines[call.sid] = self
        exchange.participants[call.sid] = person

    # The transcript

    def note(self, who: str, event: str, text: str = "", **more: object) -> None:
        """Write one line of the transcript."""
        entry = {"at": time.time(), "who": who, "event": event, "text": text, **more}
        self.transcript.append(entry)
        self.exchange.journal.add("heard", sid=self.call.sid, line=entry)
        if self.heard_by is not None and who == "switchboard":
            self.heard_by.note("other", event, text, sid=self.call.sid)

    def error(self, code: int, text: str, *, warning: bool = False) -> None:
        """Record an error or a warning as Twilio's debugger shows it."""
        level = "warning" if warning else "error"
        entry: dict[str, object] = {"code": code, "text": text, "level": level}
        self.errors.append(entry)
        self.note("switchboard", level, text, code=code)
        self.exchange.journal.add("error", sid=self.call.sid, **entry)

    def fail(self, code: int) -> None:
        """Let the person hear Twilio's apology for an application error."""
        self.application_error = True
        self.exchange.books.add_call_error(CallError(self.call.sid, code))
        self.note("switchboard", "say", APOLOGY, application_error=code)

    def parameters(self) -> dict[str, str]:
        """Return the parameters of every voice webhook of this leg."""
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
            form |= describe_place(side, number)
        form |= describe_place("Caller", call.sender) | describe_place("Called", call.to)
        if call.parent_call_sid:
            form["ParentCallSid"] = call.parent_call_sid
        if call.direction == "inbound":
            form["CallToken"] = f"simulated-{call.sid}"
        if call.answered_by:
            form["AnsweredBy"] = call.answered_by
        return form | self.options.parameters

    def address(self, url: str) -> str:
        """Resolve a URL against the running document's; an empty one stays empty."""
        return absolute(self.document.url, url) if url else ""

    # Status

    def set_status(self, status: str) -> None:
        """Change the status and send the status callback."""
        call = self.call
        # Twilio reports nothing about a call that never left its queue.
        is_silent = call.status == "queued" and status == "canceled"
        call.status = status
        call.date_updated = now_rfc2822()
        if status == "in-progress":
            self.answered = True
            self.answered_event.set()
            self.began = time.monotonic()
            call.start_time = call.date_updated
        if call.sid in self.exchange.books.calls.rows:
            self.exchange.books.keep("call", call)
        self.exchange.journal.add(
            "call", sid=call.sid, status=status, to=call.to, duration=call.duration
        )
        if not is_silent:
            self._report(EVENTS.get(status, "completed"))

    def _report(self, event: str) -> None:
        callback = self.options.status_callback
        if not callback.url or event not in callback.events:
            return
        form = self.parameters() | {
            "Timestamp": now_rfc2822(),
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(self._callbacks_sent),
        }
        self._callbacks_sent += 1
        if event == "completed":
            seconds = int(self.call.duration or 0)
            form |= {
                "CallDuration": str(seconds),
                "Duration": str(-(-seconds // 60)),
                "SipResponseCode": SIP_CODES.get(self.call.status, NOT_FOUND),
                **self.recording,
            }
        self.exchange.webhooks.notify(callback.url, form, callback.method)

    def finish(self, status: str) -> None:
        """End the leg: record it in the books and report it."""
        if self.over.is_set():
            return
        self.recording = self.finish_recording()
        self.call.end_time = now_rfc2822()
        seconds = self.exchange.clock.elapsed(self.began) if self.answered else 0
        self.call.duration = str(max(seconds, 1) if self.answered else 0)
        self.note(self.ended_by, "hangup" if self.answered else status)
        self.over.set()
        self.exchange.participants.pop(self.call.sid, None)
        self.set_status(status)

    def has_ended(self) -> bool:
        """Whether somebody has hung up."""
        return self.departure.is_set() or self.over.is_set()

    # Ringing

    def pick_up(self, how: str) -> None:
        """Decide how the ringing ends; the first call decides."""
        if not self._pickup.done():
            self._pickup.set_result(how)

    async def wait_for_pickup(self, seconds: float) -> str:
        """Return how the ringing ends: ``no-answer``, or what `pick_up` was given."""
        try:
            return await self.exchange.clock.within(seconds, asyncio.shield(self._pickup))
        except TimeoutError:
            return "no-answer"

    # The document that is running

    async def follow(self, run: RunDocuments) -> None:
        """Run documents until one ends the call, somebody hangs up, or the time is over."""
        try:
            await self.exchange.clock.within(self.options.time_limit, self._follow(run))
        except TimeoutError:
            self.note("switchboard", "time limit")

    async def _follow(self, run: RunDocuments) -> None:
        # During machine detection the call may have been redirected, or hung up.
        source: Source | None = self._next or self.options.source
        while source is not None and not self.has_ended():
            self._next, self.switched = None, False
            self._running = asyncio.ensure_future(run(self, source))
            try:
                await asyncio.wait({self._running})
            finally:
                if not self._running.done():
                    self._running.cancel()
            if not self._running.cancelled() and (error := self._running.exception()) is not None:
                self.error(0, f"the simulator failed: {error!r}")
            source = self._next

    def switch_to(self, source: Source) -> None:
        """Go on with another document than the running one."""
        self._next = source
        self.switched = True
        if self._running is not None:
            self._running.cancel()

    def end(self, status: str = "completed", by: str = "switchboard") -> None:
        """Hang up, or cancel while it rings."""
        if self.departure.is_set():
            return
        self.ended_by = by
        self.departure.set()
        if not self.answered:
            self.pick_up(status)
        self._next = None
        if self._running is not None:
            self._running.cancel()

    # The person

    async def play_for(self, seconds: float) -> None:
        """Let the person listen for so long; a script may hang up at the end."""
        await self.exchange.clock.sleep(seconds)
        if self.person.wants_to_hang_up():
            await self.hang_up()

    async def hang_up(self) -> None:
        """Let the person hang up. Never returns: the task is canceled."""
        self.person.next_scripted(frozenset({"hangup"}))
        self.end(by="caller")
        await asyncio.Event().wait()

    async def listen(self, kinds: frozenset[str], seconds: float) -> Action | None:
        """Return the person's next action, or None after so many seconds."""
        clock = self.exchange.clock
        while True:
            if self.person.wants_to_hang_up():
                await self.hang_up()
            if pause := self.person.next_scripted(frozenset({"wait"})):
                await clock.sleep(float(pause.text))
                continue
            if action := self.person.next_scripted(kinds):
                return self.note_action(action)
            break
        # Only a phone with a script is known to do nothing more at its end.
        is_scripted = bool(self.person.phone.script) and not self.person.by_hand
        rate = clock.rate if is_scripted else clock.waiting_rate
        try:
            return self.note_action(
                await asyncio.wait_for(self.person.wait_for_action(kinds), seconds / rate)
            )
        except TimeoutError:
            return None

    def note_action(self, action: Action) -> Action:
        """Write an action into the transcript; the documents after it are not an endless loop."""
        self.document_count = 0
        self.note("caller", action.kind, action.text)
        return action


@dataclass
class Exchange(Network):
    """The simulated telephone network with its calls."""

    lines: dict[str, Line] = field(default_factory=dict)  # by the SID of the call
    conferences: dict[str, Conference[Line]] = field(default_factory=dict)
    queues: dict[str, CallQueue[Line]] = field(default_factory=dict)
