"""Twilio as a server: it creates, lists, reports, and fails; and the way of a process to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from inspect import signature
from random import Random
from typing import Any, Final, Literal

from dev.simulate import virtual_time
from dev.simulate.process import Process
from shared.errors import ProviderUnavailableError
from shared.kinds import Kind
from shared.provider.provider import SendRequest, SendResult, TwilioRecord

Fault = Literal[
    "429", "no_connection", "500_before", "500_after", "reset_before", "reset_after", "late", "slow"
]
FAULTS: Final[tuple[Fault, ...]] = (
    "429", "no_connection", "500_before", "500_after", "reset_before", "reset_after", "late", "slow"
)  # fmt: skip
# What a fault answers; the others do not answer, or answer as usual.
ANSWERS: Final[dict[Fault, SendResult]] = {
    "429": SendResult(result="retryable", code="20429", retry_after=1.0),
    "no_connection": SendResult(result="retryable", code="no_connection"),
    "500_before": SendResult(result="unknown", code="20500", message="internal error"),
    "500_after": SendResult(result="unknown", code="20500", message="internal error"),
    "reset_before": SendResult(result="unknown", code="no_answer"),
    "reset_after": SendResult(result="unknown", code="no_answer"),
    "late": SendResult(result="unknown", code="no_answer"),
}
CREATES: Final = frozenset({"500_after", "reset_after", "late", "slow"})
NO_ANSWER: Final = SendResult(result="unknown", code="no_answer")
# From the time-out until a list shows what was created late: within the minute that the app allows,
# less what clocks differ by.
MAX_LATE_SECONDS: Final = 48.0
MAX_TURN_SECONDS: Final = 300.0
REJECTED: Final = SendResult(result="rejected", code="21211", message="not a valid number")
STATUSES: Final[dict[Kind, tuple[str, ...]]] = {
    "message": ("sent", "delivered"),
    "call": ("ringing", "in-progress", "completed"),
}
_HAS_DIRECTION: Final = "direction" in signature(TwilioRecord).parameters
MISSED: Final = ("ringing", "no-answer")
RINGS: Final = frozenset({"queued", "ringing"})
FINAL: Final = frozenset({"delivered", "completed", "canceled", "failed", "no-answer"})


@dataclass
class Habits:
    """How this Twilio behaves, for a whole run or for a while."""

    fault_share: float = 0.0
    faults: tuple[Fault, ...] = FAULTS
    max_list_delay: float = 0.0  # seconds until a list shows what was created
    read_failures: float = 0.0
    lost_callbacks: float = 0.0
    rejected: float = 0.0
    busy_share: float = 0.0  # of requests that wait for their turn
    missed: float = 0.3  # calls that nobody picks up
    redacts: bool = False
    footer: str = ""
    lists_calls_when_started: bool = False
    skew: timedelta = timedelta()


@dataclass
class Record:
    """A message or call in the books; `callback` is where its statuses are reported."""

    kind: Kind
    to: str
    sender: str
    content: str  # what was asked for
    shown: TwilioRecord
    listed_from: datetime
    callback: str | None = None
    is_foreign: bool = False
    is_late: bool = False  # created after the request had timed out
    request: SendRequest | None = None

    def shows_content(self) -> bool:
        """Whether a list shows by what it can be told from another one to the same person."""
        return bool(self.shown.body)


class TwilioServer:
    """Twilio; `on_ask` sees what a worker begins to ask for, `on_create` what is created of it."""

    def __init__(
        self,
        random: Random,
        report: Callable[[Record, str], None],
        on_create: Callable[[SendRequest], None],
        on_ask: Callable[[SendRequest], None],
    ) -> None:
        self.habits = Habits()
        self.records: list[Record] = []
        self.rejections: list[tuple[Kind, str, str]] = []
        self._random = random
        self._report = report
        self._on_create = on_create
        self.on_ask = on_ask
        self._next_call = 0.0
        self.on_status: Callable[[Record, str], None] = lambda *_: None

    def create(self, request: SendRequest, *, is_late: bool = False) -> SendResult:
        """Create a message or call, or reject it for good."""
        if self._random.random() < self.habits.rejected:
            self.rejections.append((request.kind, request.to, content_of(request)))
            return REJECTED
        self._on_create(request)
        delay = self._queue_call() if request.kind == "call" else 0.0
        record = self.write(request.kind, request.to, request.sender, content_of(request), delay)
        record.is_late, record.request = is_late, request
        callback = request.parameters.get("status_callback")
        record.callback = str(callback).partition("#")[0] if callback else None
        self._go_through_statuses(record, delay)
        return SendResult(result="sent", sid=record.shown.sid, status="queued")

    def write(  # noqa: PLR0913 - the fields of a record
        self, kind: Kind, to: str, sender: str, content: str, delay: float = 0.0,
        *, direction: str = "outbound-api", is_foreign: bool = False,
    ) -> Record:  # fmt: skip
        """Enter a message or call into the books; Twilio's clock shows whole seconds."""
        listed_in = self._random.uniform(0, self.habits.max_list_delay)
        created_at = virtual_time.now() + self.habits.skew
        if self.habits.lists_calls_when_started:
            created_at += timedelta(seconds=delay)
            listed_in += delay
        body = None if kind == "call" else "" if self.habits.redacts else content
        if body and not is_foreign:
            body += self.habits.footer
        shown = TwilioRecord(
            sid=f"{'SM' if kind == 'message' else 'CA'}{len(self.records):032x}",
            status="queued",
            created_at=created_at.replace(microsecond=0),
            body=body,
            **_more(kind, sender, direction),
        )
        listed_from = virtual_time.now() + timedelta(seconds=listed_in)
        record = Record(kind, to, sender, content, shown, listed_from, is_foreign=is_foreign)
        self.records.append(record)
        return record

    def search(self, request: SendRequest, since: datetime) -> list[TwilioRecord]:
        """List what was created for a recipient by a sender since a time, newest first."""
        self._fail_reads()
        now = virtual_time.now()
        return [
            record.shown
            for record in reversed(self.records)
            if record.listed_from <= now
            and (record.kind, record.to) == (request.kind, request.to)
            and (record.sender == request.sender or request.sender.startswith("MG"))
            and record.shown.created_at >= since
        ]

    def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        """Return a message or call."""
        self._fail_reads()
        return next((r.shown for r in self.records if (r.kind, r.shown.sid) == (kind, sid)), None)

    def stop(self, kind: Kind, sid: str, *, only_ringing: bool) -> TwilioRecord | None:
        """Hang up a call, or cancel one that is not picked up; a message cannot be stopped."""
        self._fail_reads()
        record = next((r for r in self.records if r.shown.sid == sid), None)
        if record is None or kind == "message" or record.shown.status in FINAL:
            return None
        if only_ringing and record.shown.status not in RINGS:
            return None
        self._set_status(record, "canceled" if only_ringing else "completed")
        return record.shown

    def choose_fault(self) -> Fault | None:
        """Return the fault that meets the next request, if any does."""
        is_faulty = self._random.random() < self.habits.fault_share
        return self._random.choice(self.habits.faults) if is_faulty else None

    def choose_turn(self) -> float:
        """Return how long a request waits for its turn in a busy worker, mostly not at all."""
        is_busy = self._random.random() < self.habits.busy_share
        return self._random.uniform(0, MAX_TURN_SECONDS) if is_busy else 0.0

    def uniform(self, low: float, high: float) -> float:
        """Return a random number of seconds."""
        return self._random.uniform(low, high)

    def _queue_call(self) -> float:
        """Return in how many seconds a call starts: one a second does."""
        now = asyncio.get_running_loop().time()
        self._next_call = max(self._next_call + 1, now)
        return self._next_call - now

    def _go_through_statuses(self, record: Record, delay: float) -> None:
        at = delay
        is_missed = record.kind == "call" and self._random.random() < self.habits.missed
        for status in MISSED if is_missed else STATUSES[record.kind]:
            at += 30 if status == "no-answer" else self._random.uniform(0.2, 8)
            asyncio.get_running_loop().call_later(at, self._set_status, record, status)

    def _set_status(self, record: Record, status: str) -> None:
        if record.shown.status in FINAL:
            return
        record.shown = replace(record.shown, status=status)
        self.on_status(record, status)
        is_lost = self._random.random() < self.habits.lost_callbacks
        if record.callback is not None and not is_lost:
            self._report(record, status)

    def _fail_reads(self) -> None:
        if self._random.random() < self.habits.read_failures:
            raise ProviderUnavailableError("simulated failure")


def content_of(request: SendRequest) -> str:
    """Return the text by which a message or call is recognised."""
    return str(request.parameters.get("body") or request.parameters.get("twiml"))


def _more(kind: Kind, sender: str, direction: str) -> dict[str, Any]:
    if not _HAS_DIRECTION:
        return {}
    service = sender if sender.startswith("MG") else None
    media = 0 if kind == "message" else None
    return {"direction": direction, "messaging_service_sid": service, "num_media": media}


class ProcessProvider:
    """Twilio, as a process reaches it."""

    def __init__(self, server: TwilioServer, process: Process, timeout: float) -> None:
        self._server = server
        self._process = process
        self._timeout = timeout

    async def create(self, request: SendRequest) -> SendResult:
        loop, server, process = asyncio.get_running_loop(), self._server, self._process
        if turn := server.choose_turn():
            await process.sleep(turn)
        if request.begin_before is not None and process.now() > request.begin_before:
            return SendResult(result="retryable", code="not_begun")
        server.on_ask(request)
        began, fault = loop.time(), server.choose_fault()
        await process.sleep(server.uniform(0.001, 0.5))  # connecting; it may be frozen meanwhile
        if loop.time() - began >= self._timeout:
            return NO_ANSWER
        if fault is not None and fault not in CREATES:
            await process.sleep(server.uniform(0.001, 1))
            return ANSWERS[fault]
        if fault == "late":
            late = server.uniform(0, MAX_LATE_SECONDS - server.habits.max_list_delay)
            seconds = self._timeout + late
            loop.call_later(seconds, lambda: server.create(request, is_late=True))
            await process.sleep(self._timeout)
            return NO_ANSWER
        slow = server.uniform(1, 40) if fault == "slow" else server.uniform(0.05, 0.4)
        left = self._timeout - (loop.time() - began)
        call = asyncio.ensure_future(process.call(lambda: server.create(request), slow / 2))
        timer = asyncio.ensure_future(process.sleep(left))
        await asyncio.wait([call, timer], return_when=asyncio.FIRST_COMPLETED)
        for each in (call, timer):
            each.cancel()
        if not call.done() or call.cancelled():
            return NO_ANSWER
        return ANSWERS[fault] if fault in ANSWERS else call.result()

    async def search(self, request: SendRequest, since: datetime) -> list[TwilioRecord]:
        return await self._process.call(lambda: self._server.search(request, since))

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        return await self._process.call(lambda: self._server.fetch(kind, sid))

    async def stop(
        self, kind: Kind, sid: str, *, only_ringing: bool = False
    ) -> TwilioRecord | None:
        return await self._process.call(
            lambda: self._server.stop(kind, sid, only_ringing=only_ringing)
        )

    async def remove(self, kind: Kind, sid: str, *, body_only: bool = False) -> bool:
        raise NotImplementedError  # only Twilio's own shape deletes, which is not simulated
