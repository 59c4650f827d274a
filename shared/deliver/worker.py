"""Delivering: what happens when a job arrives, however often it arrives.

A delivery never raises for a reason that it understands: it finishes, comes back later, or parks.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from msgspec.structs import replace

from shared.accept.outbox import OUTAGE_DELAY, put_back
from shared.deliver.attempt import make_attempt
from shared.deliver.capacity import NoCapacityError
from shared.deliver.next_step import Attempt, Done, Park, Settle, Wait, next_step
from shared.deliver.report import report_given_up, report_rejected
from shared.deliver.settle import settle
from shared.errors import StorageUnavailableError
from shared.jobs.events import Accepted, Parked
from shared.jobs.fold import fold
from shared.jobs.job import MAX_JOB_BYTES, encode_job
from shared.log import follow_trace, log

if TYPE_CHECKING:
    from shared.deliver.services import DeliverServices
    from shared.jobs.events import Answer, Doubt
    from shared.jobs.fold import Entry
    from shared.jobs.job import Job
    from shared.services import Services

# How long a bulk job for which there was no place stays away.
_CAPACITY_DELAY: Final = timedelta(seconds=30)
_FINAL_RESULTS: Final = frozenset({"sent", "rejected"})
GIVEN_UP: Final = "the function failed again and again; its log says why"


async def deliver_job(app: DeliverServices, job: Job, *, again: bool) -> None:
    """Take a job as far as it goes now; `again` if its message was delivered before.

    While the ledger is away the job comes back later under its own id. The host's few retries would
    be over before an outage is, and its poison queue would give the message another id.
    """
    follow_trace(job.accepted.trace)
    try:
        if job.settlement is not None:
            await app.ledger.record(job.job, job.settlement)
            job = replace(job, settlement=None)
        await _take_steps(app, job, again=again or job.again)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
        await put_back(app, job, app.now() + OUTAGE_DELAY)


async def give_up_job(app: Services, job: Job) -> None:
    """Park a job that the host has given up on, unless an operator has retried it since."""
    follow_trace(job.accepted.trace)
    entry = await _read_entry(app, job)
    if entry.pending and job.retries >= entry.retries:
        await park(app, job.job, "poison", GIVEN_UP, k=entry.retries)


async def park(  # noqa: PLR0913 - what is parked, why, and its text
    app: Services,
    job_id: str,
    code: str,
    message: str,
    *,
    k: int = 0,
    raw: str | None = None,
    key: str | None = None,
) -> None:
    """Give a job up; keep the reason, and the text of one that could not be read (`raw`).

    `key` is the row that leads from copies of that text to this entry.
    """
    parked = Parked(at=app.now(), k=k, code=code, message=message, raw=raw, key=key)
    if await app.ledger.record(job_id, parked):
        log("parked", id=job_id, code=code)


async def _take_steps(app: DeliverServices, job: Job, *, again: bool) -> None:
    longest_request = timedelta(seconds=app.settings.twilio_timeout_seconds)
    entry = fold(job.job, [job.accepted])
    step = next_step(entry, app.now(), longest_request)
    # A first delivery claims without reading the ledger: if anything else is known of the job, the
    # claim fails.
    must_read = again or not isinstance(step, Attempt | Wait)
    while True:
        if must_read:
            entry = await _read_entry(app, job)
            # What the ledger has was there first.
            job = replace(job, accepted=entry.accepted or job.accepted)
            step = next_step(entry, app.now(), longest_request)
        must_read = True
        match step:
            case Attempt():
                if await _attempt_ends_job(app, job, entry, step):
                    return None
            case Settle(claim):
                if look := await settle(app, entry, claim):
                    return await put_back(app, job, look)
            case Wait(until):
                return await put_back(app, job, until)
            case Park(code, message):
                await park(app, job.job, code, message, k=entry.retries)
                return await report_given_up(app, job, entry.pending)
            case Done():
                return None
            case never:
                assert_never(never)


async def _attempt_ends_job(app: DeliverServices, job: Job, entry: Entry, step: Attempt) -> bool:
    """Make an attempt; return whether nothing is left to do for this message of the job."""
    try:
        settlement = await make_attempt(app, job, entry, step)
    except NoCapacityError:
        await put_back(app, job, app.now() + _CAPACITY_DELAY)
        return True
    if settlement is None:
        return False
    try:
        await app.ledger.record(job.job, settlement)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
        await _carry(app, job, settlement)
        return True
    await report_rejected(app, job, settlement.outcomes)
    # Other recipients of the job may still be waiting for their time.
    is_everyone = step.indexes == entry.pending
    return is_everyone and all(o.result in _FINAL_RESULTS for o in settlement.outcomes)


async def _carry(app: Services, job: Job, settlement: Answer | Doubt) -> None:
    """Let a settlement that could not be recorded travel with the job that comes back."""
    carrier = replace(job, settlement=settlement)
    fits = len(encode_job(carrier)) <= MAX_JOB_BYTES
    await put_back(app, carrier if fits else job, app.now() + OUTAGE_DELAY)


async def _read_entry(app: Services, job: Job) -> Entry:
    """Return what the ledger knows of a job, after adding the row that accepting may have lost."""
    entry = await app.ledger.find(job.job)
    if entry is None or not any(isinstance(event, Accepted) for event in entry.events):
        await app.ledger.record(job.job, job.accepted)
        entry = fold(job.job, [job.accepted, *(entry.events if entry else ())])
    return entry
