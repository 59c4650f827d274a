"""Putting a job or an alert where it waits until it is due: on its queue, or on the schedule."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from shared.errors import StorageUnavailableError
from shared.jobs.job import Job, encode_job, sign
from shared.ledger.schedule import MAX_QUEUE_DELAY
from shared.log import log
from shared.storage.queues import NO_DELAY, QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.alerts import AlertMessage
    from shared.services import Services

# When to try again while storage is away; host.json has the same for what fails.
OUTAGE_DELAY: Final = timedelta(seconds=10)


async def put(app: Services, message: Job | AlertMessage, due: datetime) -> None:
    """Put a message on its queue, or on the schedule if it is due later than `MAX_QUEUE_DELAY`.

    Raises:
        StorageUnavailableError: it is unknown whether the message is there.
    """
    waiting = _sign(app, message)
    delay = due - app.now()
    if delay > MAX_QUEUE_DELAY:
        await app.ledger.schedule.add(due, *waiting)
    else:
        await app.queues.put(waiting.queue, waiting.text, max(delay, NO_DELAY))


async def put_back(app: Services, message: Job | AlertMessage, due: datetime) -> None:
    """Put a message that was delivered before where it waits, whichever storage is away.

    Raises:
        StorageUnavailableError: neither the queue nor the table takes it.
    """
    if isinstance(message, Job):
        message = replace(message, again=True)
    try:
        await put(app, message, due)
    except StorageUnavailableError as error:
        waiting, now = _sign(app, message), app.now()
        log("storage_away", level=logging.WARNING, id=waiting.id, error=str(error))
        if due - now > MAX_QUEUE_DELAY:
            await app.queues.put(waiting.queue, waiting.text, OUTAGE_DELAY)
        else:
            await app.ledger.schedule.add(max(due, now + OUTAGE_DELAY), *waiting)


class _Waiting(NamedTuple):
    """What waits: whose it is, for which queue, and the message."""

    id: str
    queue: str
    text: bytes


def _sign(app: Services, message: Job | AlertMessage) -> _Waiting:
    text = encode_job(sign(message, app.settings.twilio_auth_token))
    if isinstance(message, Job):
        return _Waiting(message.job, QUEUE_OF_LANE[message.accepted.lane], text)
    return _Waiting(message.alert, QUEUE_OF_LANE["now"], text)
