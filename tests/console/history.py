"""An hour that is over, written straight into the ledger: what the plots and stories show."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import msgspec

from shared.jobs import ids
from shared.jobs.events import Accepted, Answer, AnyEvent, Claim, Doubt, Outcome, Parked, Reported

if TYPE_CHECKING:
    from shared.kinds import Kind
    from shared.ledger.ledger import Ledger

MINUTES = 55
FAILURES = {"21610": 7, "30007": 5, "30003": 4, "21211": 3}
_RANDOM = 7_046_029_254_386_353_131


@dataclass
class History:
    """Entries of an hour that ends `now`; every name that a test looks for is an attribute."""

    now: datetime
    events: list[tuple[str, AnyEvent]] = field(default_factory=list)
    doubtful: str = ""
    parked: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Make them up: one to three a minute, some of which did not go well."""
        numbers = count(1)
        failures = [code for code, many in FAILURES.items() for _ in range(many)]
        for minute in range(MINUTES, 1, -1):
            for each in range(1 + minute * 7 % 3):
                at = self.now - timedelta(minutes=minute) + timedelta(seconds=11 * each)
                number = next(numbers)
                code = failures.pop() if number % 5 == 0 and failures else None
                self._went(at, number, "call" if number % 6 == 0 else "message", code)
        self.doubtful = self._doubted(self.now - timedelta(minutes=1, seconds=40))
        self.parked = [self._parked(self.now - timedelta(seconds=80 - n), n) for n in range(3)]

    def _begun(
        self, at: datetime, number: int, kind: Kind = "message", **more: str
    ) -> tuple[str, str]:
        job = ids.new_id(at, number * _RANDOM % 2**60)
        to = f"+1415555{1000 + number}"
        request = {"to": to, "body": "Your table is ready"} if kind == "message" else {
            "to": to, "say": "Your table is ready"}  # fmt: skip
        metadata = {"order": str(4000 + number), **more}
        self._add(job, Accepted(at=at, kind=kind, to=(to,), sender="+15005550006",
                                request=msgspec.Raw(msgspec.json.encode(request)),
                                metadata=metadata))  # fmt: skip
        self._add(job, Claim(at=at + timedelta(milliseconds=90), n=1))
        return job, f"{'CA' if kind == 'call' else 'SM'}{number:032x}"

    def _went(self, at: datetime, number: int, kind: Kind, code: str | None) -> None:
        job, sid = self._begun(at, number, kind)
        answered = at + timedelta(milliseconds=240 + number * 37 % 400 + (number % 11 == 0) * 900)
        if code is not None and code.startswith("2"):
            refused = Outcome(index=0, result="rejected", code=code, request_id="RQ1")
            self._add(job, Answer(at=answered, n=1, outcomes=(refused,)))
            return
        taken = Outcome(index=0, result="sent", sid=sid, status="queued", request_id="RQ1")
        self._add(job, Answer(at=answered, n=1, outcomes=(taken,)))
        done = ("completed" if kind == "call" else "delivered") if code is None else "undelivered"
        fields = {"ErrorCode": code, "To": "+14155551234"} if code else {}
        self._add(job, Reported(at=answered + timedelta(seconds=2), status=done, sid=sid,
                                fields=fields))  # fmt: skip

    def _doubted(self, at: datetime) -> str:
        """Twilio's answer was lost; we asked, and it had the message."""
        job, sid = self._begun(at, 901)
        lost = Outcome(index=0, result="unknown", code="no_answer")
        found = Outcome(index=0, result="sent", sid=sid, status="sent")
        self._add(job, Doubt(at=at + timedelta(seconds=8), n=1, outcomes=(lost,)))
        self._add(job, Answer(at=at + timedelta(seconds=69), n=1, outcomes=(found,)))
        self._add(job, Reported(at=at + timedelta(seconds=72), status="delivered", sid=sid))
        return job

    def _parked(self, at: datetime, number: int) -> str:
        job, _ = self._begun(at, 950 + number)
        again = Outcome(index=0, result="retryable", code="20429", request_id="RQ1")
        self._add(job, Answer(at=at + timedelta(seconds=1), n=1, outcomes=(again,)))
        self._add(job, Parked(at=at + timedelta(seconds=2), code="attempts_exhausted",
                              message="gave up after 12 attempts"))  # fmt: skip
        return job

    def _add(self, job: str, event: AnyEvent) -> None:
        self.events.append((job, event))

    async def keep(self, ledger: Ledger) -> None:
        """Put it all into a ledger."""
        places = asyncio.Semaphore(16)

        async def put(job: str, event: AnyEvent) -> None:
            async with places:
                await ledger.record(job, event)

        await asyncio.gather(*(put(job, event) for job, event in self.events))
