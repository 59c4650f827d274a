"""One attempt: claim it, ask Twilio once for each recipient, record what it came to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from shared.carrier.codes import OPTED_OUT
from shared.deliver.backoff import backoff
from shared.deliver.guards import Guards, Sending
from shared.deliver.orders import order
from shared.deliver.room import Room
from shared.errors import StorageUnavailableError
from shared.ledger.events import Answer, Claim, Doubt, Outcome
from shared.ledger.opt_outs import OptOut
from shared.log import log
from shared.phone_number import masked

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.carrier.carrier import Carrier, Order, Result
    from shared.deliver.job import Job
    from shared.deliver.next_step import Attempt
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

_BEGIN_WITHIN: Final = timedelta(seconds=10)
_AND_FOR_EACH: Final = timedelta(milliseconds=200)


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Makes attempts; `random` gives 60 bits, for tokens and jitter."""

    settings: Settings
    ledger: Ledger
    carrier: Carrier
    now: Callable[[], datetime]
    random: Callable[[], int]

    async def make(self, job: Job, attempt: Attempt) -> tuple[Outcome, ...] | None:
        """What attempt `n` came to, recorded; None if the attempt is somebody else's."""
        if job.accepted.lane == "now":
            return await self._make(job, attempt)
        async with self._room.taken(len(attempt.indexes)):
            return await self._make(job, attempt)

    async def _make(self, job: Job, attempt: Attempt) -> tuple[Outcome, ...] | None:
        claim = self._claim(job, attempt)
        if not await self.ledger.record(job.job, claim) and not await self._is_mine(job, claim):
            return None
        await self.ledger.owners.note_late(job.job, claim.at)
        outcomes = tuple(
            await asyncio.gather(*(self._send(job, claim, index) for index in attempt.indexes))
        )
        doubt = any(outcome.came_to == "unknown" for outcome in outcomes)
        settlement = (Doubt if doubt else Answer)(at=self.now(), n=claim.n, outcomes=outcomes)
        await self.ledger.record(job.job, settlement)
        return outcomes

    def _claim(self, job: Job, attempt: Attempt) -> Claim:
        at = self.now()
        first = attempt.n == 1
        return Claim(
            at=at,
            n=attempt.n,
            token=f"{self.random():x}",
            until=at + _BEGIN_WITHIN + _AND_FOR_EACH * len(attempt.indexes),
            indexes=None if len(attempt.indexes) == len(job.accepted.to) else attempt.indexes,
            accepted=job.accepted if first else None,
        )

    async def _is_mine(self, job: Job, claim: Claim) -> bool:
        """Whether the claim that stands is this very one.

        The storage library repeats an insert whose answer was lost, and then meets itself.
        """
        entry = await self.ledger.find(job.job)
        return entry is not None and entry.claim is not None and entry.claim.token == claim.token

    @cached_property
    def _room(self) -> Room:
        """Enough that requests to Twilio never wait for the next claim."""
        return Room(2 * self.settings.twilio_max_concurrency)

    @cached_property
    def _guards(self) -> Guards:
        return Guards(self.settings, self.ledger)

    async def _send(self, job: Job, claim: Claim, index: int) -> Outcome:
        asked = order(job.job, job.accepted, index, self.settings.public_base_url)
        asked = replace(asked, begin_before=claim.until, urgent=job.accepted.lane == "now")
        sending = Sending(order=asked, job_id=job.job, index=index, at=self.now())
        if stopped := await self._guards.stopped(sending):
            return stopped
        # The carrier looks again when its turn has come: from there on nothing takes time.
        if claim.until is not None and self.now() > claim.until:
            self._guards.not_made(sending)
            return Outcome(index=index, came_to="retry", code="not_begun", not_before=self.now())
        result = await self.carrier.create(asked)
        if result.came_to == "retry":
            self._guards.not_made(sending)
        if result.code == OPTED_OUT:
            await self._remember_opt_out(asked, job.job)
        self._log(job, claim, index, result)
        return self._outcome(index, claim.n, result)

    def _log(self, job: Job, claim: Claim, index: int, result: Result) -> None:
        accepted = job.accepted
        waited = self.now() - (accepted.send_at or accepted.at)
        log(
            "attempt",
            id=job.job,
            index=index,
            kind=accepted.kind,
            lane=accepted.lane,
            n=claim.n,
            to=masked(accepted.to[index]),
            delay_seconds=round(waited.total_seconds(), 3),
            came_to=result.came_to,
            sid=result.sid,
            code=result.code,
            request_id=result.request_id,
        )

    async def _remember_opt_out(self, asked: Order, job_id: str) -> None:
        """Twilio knows of a stop that never reached us, and says so again if we cannot note it."""
        stop = OptOut(at=self.now(), number=asked.to, sender=asked.sender, says="stop", sid=job_id)
        with suppress(StorageUnavailableError):
            await self.ledger.opt_outs.note(stop)

    def _outcome(self, index: int, n: int, result: Result) -> Outcome:
        wait = None
        if result.came_to == "retry":
            chance = (self.random() % 2**32) / 2**32
            wait = self.now() + backoff(n, chance, result.retry_after)
        return Outcome(
            index=index,
            came_to=result.came_to,
            sid=result.sid,
            status=result.status,
            code=result.code,
            message=result.message,
            not_before=wait,
            request_id=result.request_id,
        )
