"""A queue message arrives: a job of ours, a request that some program put there, or neither."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shared.accept.accept import build_job, hold_key
from shared.accept.kind import KIND_MESSAGE, infer_kind
from shared.accept.validate import validate_request
from shared.deliver.worker import OUTAGE_DELAY, deliver_job, give_up_job, park
from shared.errors import (
    IdempotencyMismatchError,
    InvalidRequestError,
    StorageUnavailableError,
    UnreadableJobError,
)
from shared.jobs import ids
from shared.jobs.job import Job, decode_queue_message, readable_text
from shared.log import log
from shared.storage.queues import QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.deliver.services import DeliverServices
    from shared.jobs.fold import Entry
    from shared.services import Services


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """A queue message as the trigger gives it."""

    body: bytes
    id: str
    inserted_at: datetime | None
    dequeue_count: int


async def receive_message(app: DeliverServices, message: QueueMessage) -> None:
    """Deliver what a message holds, or park it with its text."""
    job = await _read_job(app, message)
    if job is not None:
        # Nothing has recorded yet that a request from the queue was accepted.
        is_raw = job.accepted.source == "queue"
        await deliver_job(app, job, again=is_raw or message.dequeue_count > 1)


async def receive_poison(app: Services, message: QueueMessage) -> None:
    """Park what the host has given up on, from its poison queue."""
    job = await _read_job(app, message)
    if job is not None:
        await give_up_job(app, job)


async def _read_job(app: Services, message: QueueMessage) -> Job | None:
    job_id = ids.id_of_queue_message(message.id, message.inserted_at, message.body)
    try:
        decoded = decode_queue_message(message.body)
        return (
            decoded
            if isinstance(decoded, Job)
            else await _accept_raw(app, decoded, message, job_id)
        )
    except UnreadableJobError as error:
        code, reason = error.code, error.detail
        if entry := await _find_pending(app, error.job):
            await park(app, entry.id, code, reason, k=entry.retries)
            return None
    except IdempotencyMismatchError as error:
        code, reason = "idempotency_mismatch", error.detail
    except InvalidRequestError as error:
        code = "invalid_request"
        reason = "; ".join(f"{p.path} {p.message}" for p in error.problems)
    log("unreadable", id=job_id, code=code)
    await park(app, job_id, code, reason, raw=readable_text(message.body))
    return None


async def _find_pending(app: Services, job: object) -> Entry | None:
    """Return the entry that waits for a job which cannot be read, as one of another version."""
    place = ids.parse(job) if isinstance(job, str) else None
    entry = await app.ledger.find(place.job_id) if place else None
    return entry if entry and entry.pending else None


async def _accept_raw(
    app: Services, fields: dict[str, Any], message: QueueMessage, job_id: str
) -> Job | None:
    """Return the job of a request that a program put on the queue, the same at every delivery.

    While the ledger is away nobody knows which job its key stands for: the request goes back to the
    queue as it is, like any job in an outage, and there is no job for now.
    """
    request_fields = dict(fields)
    key = request_fields.pop("idempotency_key", None)
    kind = infer_kind(request_fields.pop("kind", None), request_fields)
    if kind is None:
        raise UnreadableJobError("kind", f"kind {KIND_MESSAGE}")
    if not isinstance(key, str | None):
        raise UnreadableJobError("shape", "idempotency_key must be a text")
    valid = validate_request(kind, request_fields, app.settings, app.now(), key)
    try:
        first = await hold_key(app, valid, job_id, message.inserted_at or app.now(), key)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job_id, error=str(error))
        body = msgspec.json.encode(fields)
        await app.queues.put(QUEUE_OF_LANE[valid.request.lane], body, OUTAGE_DELAY)
        return None
    return build_job(valid, first, key, source="queue")
