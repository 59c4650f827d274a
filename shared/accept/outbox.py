"""Putting a job where it waits until it is due: on its queue, or on the schedule."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shared.errors import StorageUnavailableError
from shared.jobs.job import Job, encode_job
from shared.ledger.schedule import MAX_QUEUE_DELAY
from shared.log import log
from shared.storage.queues import NO_DELAY, QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.services import Services

# When to try again while storage is away; host.json has the same for what fails.
OUTAGE_DELAY: Final = timedelta(seconds=10)


async def put_job(app: Services, job: Job, due: datetime) -> None:
    """Put a job on its queue, or on the schedule if it is due later than `MAX_QUEUE_DELAY`.

    Raises:
        StorageUnavailableError: it is unknown whether the job is there.
    """
    if due - app.now() > MAX_QUEUE_DELAY:
        await _schedule(app, job, due)
    else:
        await _enqueue(app, job, due)


async def put_job_back(app: Services, job: Job, due: datetime) -> None:
    """Put a job that was delivered before where it waits, whichever storage is away.

    Raises:
        StorageUnavailableError: neither the queue nor the table takes it.
    """
    job = replace(job, again=True)
    try:
        await put_job(app, job, due)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
        soon = app.now() + OUTAGE_DELAY
        if due - app.now() > MAX_QUEUE_DELAY:
            await _enqueue(app, job, soon)
        else:
            await _schedule(app, job, max(due, soon))


async def _schedule(app: Services, job: Job, due: datetime) -> None:
    queue = QUEUE_OF_LANE[job.accepted.lane]
    await app.ledger.schedule.add(due, job.job, queue, encode_job(job))


async def _enqueue(app: Services, job: Job, due: datetime) -> None:
    delay = max(due - app.now(), NO_DELAY)
    await app.queues.put(QUEUE_OF_LANE[job.accepted.lane], encode_job(job), delay)
