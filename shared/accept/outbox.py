"""Putting a job or an alert where it waits until it is due: on its queue, or on the schedule."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from shared.errors import StorageUnavailableError
from shared.jobs.job import encode_job, sign
from shared.ledger.schedule import MAX_QUEUE_DELAY
from shared.log import log
from shared.storage.queues import NO_DELAY, QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.alerts import AlertMessage
    from shared.jobs.job import Job
    from shared.services import Services

# When to try again while storage is away; host.json has the same for what fails.
OUTAGE_DELAY: Final = timedelta(seconds=10)


async def put_job(app: Services, job: Job, due: datetime) -> None:
    """Put a job on its queue, or on the schedule if it is due later than `MAX_QUEUE_DELAY`.

    Raises:
        StorageUnavailableError: it is unknown whether the job is there.
    """
    await _put(app, _Waiting(job.job, QUEUE_OF_LANE[job.accepted.lane], _signed(app, job)), due)


async def put_job_back(app: Services, job: Job, due: datetime) -> None:
    """Put a job that was delivered before where it waits, whichever storage is away.

    Raises:
        StorageUnavailableError: neither the queue nor the table takes it.
    """
    job = replace(job, again=True)
    waiting = _Waiting(job.job, QUEUE_OF_LANE[job.accepted.lane], _signed(app, job))
    await _put_back(app, waiting, due)


async def put_alert(app: Services, message: AlertMessage, due: datetime) -> None:
    """Put a message that drives an alert where it waits, as `put_job` does.

    Raises:
        StorageUnavailableError: it is unknown whether the message is there.
    """
    await _put(app, _Waiting(message.alert, QUEUE_OF_LANE["now"], _signed(app, message)), due)


async def put_alert_back(app: Services, message: AlertMessage, due: datetime) -> None:
    """Put a message that was delivered before where it waits, as `put_job_back` does.

    Raises:
        StorageUnavailableError: neither the queue nor the table takes it.
    """
    await _put_back(app, _Waiting(message.alert, QUEUE_OF_LANE["now"], _signed(app, message)), due)


class _Waiting(NamedTuple):
    """What waits: whose it is, for which queue, and the message."""

    id: str
    queue: str
    message: bytes


async def _put(app: Services, waiting: _Waiting, due: datetime) -> None:
    if due - app.now() > MAX_QUEUE_DELAY:
        await _schedule(app, waiting, due)
    else:
        await _enqueue(app, waiting, due)


async def _put_back(app: Services, waiting: _Waiting, due: datetime) -> None:
    try:
        await _put(app, waiting, due)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=waiting.id, error=str(error))
        soon = app.now() + OUTAGE_DELAY
        if due - app.now() > MAX_QUEUE_DELAY:
            await _enqueue(app, waiting, soon)
        else:
            await _schedule(app, waiting, max(due, soon))


async def _schedule(app: Services, waiting: _Waiting, due: datetime) -> None:
    await app.ledger.schedule.add(due, waiting.id, waiting.queue, waiting.message)


async def _enqueue(app: Services, waiting: _Waiting, due: datetime) -> None:
    delay = max(due - app.now(), NO_DELAY)
    await app.queues.put(waiting.queue, waiting.message, delay)


def _signed(app: Services, message: Job | AlertMessage) -> bytes:
    return encode_job(sign(message, app.settings.twilio_auth_token))
