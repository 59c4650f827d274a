"""Delivering: what happens when a queue message arrives, however often it arrives.

It never raises for a reason that it understands: it answers, comes back later, or parks.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from shared.deliver.attempt import Attempts
from shared.deliver.job import encode_job
from shared.deliver.job_queue import QUEUE_OF_LANE
from shared.deliver.next_step import Attempt, Park, Settle, Wait, next_step
from shared.deliver.settle import Settler
from shared.errors import StorageUnavailableError
from shared.ledger.events import Accepted, Parked
from shared.ledger.fold import fold
from shared.log import log
from shared.tracing import follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.carrier.carrier import Carrier
    from shared.deliver.job import Job
    from shared.deliver.job_queue import JobQueue
    from shared.ledger.fold import Entry
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

_SETTLED = frozenset({"sid", "refused"})
# When to try again where storage is away; as host.json has it for what fails.
OUTAGE: Final = timedelta(seconds=10)


@dataclass(frozen=True, kw_only=True)
class Deliver:
    """The step from job to Twilio; `now` and `random` (60 bits) are passed in."""

    settings: Settings
    ledger: Ledger
    queue: JobQueue
    carrier: Carrier
    now: Callable[[], datetime]
    random: Callable[[], int]

    async def __call__(self, job: Job, *, again: bool) -> None:
        """Take a job as far as it goes now; `again` if the message was delivered before.

        A job that comes for the first time is claimed without reading the ledger; where the
        claim fails, or it comes again, what the ledger knows decides. Where the ledger is away it
        comes back later, as the job that it is by now: the host's own few retries would be over
        before an outage is, and its poison queue would give the message another id.
        """
        follow(job.accepted.trace)
        try:
            await self._go_on(job, known=again or job.again)
        except StorageUnavailableError as error:
            log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
            await self._come_back(job, self.now() + OUTAGE)

    async def _go_on(self, job: Job, *, known: bool) -> None:
        entry = await self._known(job) if known else fold(job.job, [job.accepted])
        while True:
            step = self._next(entry)
            if isinstance(step, Attempt):
                outcomes = await self._attempts.make(job, step)
                # Others of the job may still be waiting for their time.
                everyone = step.indexes == entry.pending
                if outcomes and everyone and all(o.came_to in _SETTLED for o in outcomes):
                    return
            elif isinstance(step, Settle) and entry.claim is not None:
                look = await self._settler.settle(job, entry, entry.claim)
                if look is not None:
                    await self._come_back(job, look)
                    return
            elif isinstance(step, Park) and known:
                await self.park(job.job, step.code, step.message, k=entry.retries)
                return
            elif isinstance(step, Wait):
                await self._come_back(job, step.until)
                return
            elif known:
                return
            entry, known = await self._known(job), True

    async def give_up(self, job: Job) -> None:
        """Park a job that the host has given up on."""
        follow(job.accepted.trace)
        entry = await self._known(job)
        if entry.pending:
            words = "the function failed again and again; its log says why"
            await self.park(job.job, "poison", words, k=entry.retries)

    async def park(
        self, job_id: str, code: str, message: str, *, k: int = 0, raw: str | None = None
    ) -> None:
        """Give a job up, and keep why, and the text of one that could not be read."""
        parked = Parked(at=self.now(), k=k, code=code, message=message, raw=raw)
        if await self.ledger.record(job_id, parked):
            log("parked", id=job_id, code=code)

    def _next(self, entry: Entry) -> object:
        longest_request = timedelta(seconds=self.settings.twilio_timeout_seconds)
        return next_step(entry, self.now(), longest_request)

    async def _known(self, job: Job) -> Entry:
        """What the ledger knows of a job, after mending what accepting may have left out."""
        entry = await self.ledger.find(job.job)
        if entry is None or not any(isinstance(event, Accepted) for event in entry.events):
            await self.ledger.record(job.job, job.accepted)
            entry = fold(job.job, [job.accepted, *(entry.events if entry else ())])
        return entry

    async def _come_back(self, job: Job, until: datetime) -> None:
        later = msgspec.structs.replace(job, again=True)
        wait = max(until - self.now(), timedelta())
        await self.queue.put(QUEUE_OF_LANE[job.accepted.lane], encode_job(later), wait)

    @cached_property
    def _attempts(self) -> Attempts:
        return Attempts(settings=self.settings, ledger=self.ledger, carrier=self.carrier,
                        now=self.now, random=self.random)  # fmt: skip

    @property
    def _settler(self) -> Settler:
        return Settler(settings=self.settings, ledger=self.ledger, carrier=self.carrier,
                       now=self.now)  # fmt: skip
