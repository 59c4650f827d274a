"""A queue message arrives: a job of ours, a request that some program put there, or neither.

A request becomes a job in its first delivery, and nothing is ever claimed under the request itself.
The queue message's id and time decide the job's id, and both change with every copy of the message
(on a poison queue, or put back). So a request that is delivered a second time, or that has to wait
for storage, is put back with the id and time of its first message.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.accept.accept import build_job, hold_key, keep_job
from shared.accept.kind import KIND_MESSAGE, infer_kind
from shared.accept.outbox import OUTAGE_DELAY, put_back
from shared.accept.validate import validate_request
from shared.deliver.alerts import drive_alert, keep_driving
from shared.deliver.worker import GIVEN_UP, deliver_job, give_up_job, park
from shared.errors import (
    IdempotencyMismatchError,
    InvalidRequestError,
    StorageUnavailableError,
    SwitchboardError,
    UnreadableJobError,
)
from shared.jobs import ids
from shared.jobs.alerts import AlertMessage
from shared.jobs.job import (
    VERSION,
    Job,
    PostponedRequest,
    decode_queue_message,
    encode_job,
    is_authentic,
    readable_text,
)
from shared.ledger.ledger import IdempotencyRecord
from shared.log import log, log_error
from shared.storage.queues import NO_DELAY, QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import datetime

    from shared.deliver.services import DeliverServices
    from shared.jobs.fold import Entry
    from shared.services import Services
    from shared.storage.queues import Queues

# How long a message waits before it is looked whether the settings are right.
SETTINGS_DELAY: Final = timedelta(minutes=1)


class NotAuthenticError(UnreadableJobError):
    """The digest of a message is of no auth token that this worker knows."""


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """A queue message as the trigger gives it."""

    body: bytes
    id: str
    inserted_at: datetime | None
    dequeue_count: int


async def receive_message(app: DeliverServices, message: QueueMessage) -> None:
    """Deliver the job that a message holds, make a request a job, or park the message's text.

    Raises:
        NotAuthenticError: this worker cannot tell that the app wrote the message.
    """
    try:
        held = decode_queue_message(message.body)
        if isinstance(held, Job):
            return await _deliver(app, message, held)
        if isinstance(held, AlertMessage):
            return await _drive(app, message, held)
        if isinstance(held, PostponedRequest):
            return await _accept_request(app, *_unwrap(held))
        if message.dequeue_count > 1:
            return await _postpone(app, message, held)
        await _accept_request(app, message, held)
    except NotAuthenticError:
        # A deployment that brings another auth token may have signed it: the host gives it again,
        # to one of its workers too, and at last to the poison queue.
        raise
    except UnreadableJobError as error:
        await _park_unreadable(app, message, error)
    return None


async def put_message_back(queues: Queues, message: QueueMessage) -> None:
    """Put a message back until the settings are right, as the app writes it or with its first id.

    Raises:
        StorageUnavailableError: the host delivers it again.
    """
    body, lane = message.body, "now"
    with suppress(UnreadableJobError):
        held = decode_queue_message(message.body)
        if isinstance(held, Job):
            lane = held.accepted.lane
        elif isinstance(held, dict):
            body, lane = _postponed(message), str(held.get("lane"))
    await queues.put(QUEUE_OF_LANE["bulk" if lane == "bulk" else "now"], body, SETTINGS_DELAY)


async def receive_poison(app: Services, message: QueueMessage) -> None:
    """Park what the host has given up on, from its poison queue, once for all its copies."""
    try:
        held = decode_queue_message(message.body)
        if isinstance(held, Job):
            return await give_up_job(app, await _require_authentic(app, held))
        if isinstance(held, AlertMessage):
            return await keep_driving(app, await _require_authentic_alert(app, held))
        if isinstance(held, PostponedRequest):
            job = await _build_poison_job(app, *_unwrap(held))
        else:
            job = await _build_poison_job(app, message, held, is_copy=True)
        if await app.ledger.find(job.job) is None:
            await give_up_job(app, job)
    except UnreadableJobError as error:
        key, first = await _find_first_copy(app, message)
        await _park_unreadable(app, first, error, key)
    return None


async def _deliver(app: DeliverServices, message: QueueMessage, job: Job) -> None:
    try:
        authentic = await _require_authentic(app, job)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
        return await app.queues.put(QUEUE_OF_LANE[job.accepted.lane], message.body, OUTAGE_DELAY)
    is_same = authentic is job
    return await deliver_job(app, authentic, again=message.dequeue_count > 1 or not is_same)


async def _drive(app: DeliverServices, message: QueueMessage, held: AlertMessage) -> None:
    try:
        authentic = await _require_authentic_alert(app, held)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=held.alert, error=str(error))
        return await app.queues.put(QUEUE_OF_LANE["now"], message.body, OUTAGE_DELAY)
    return await drive_alert(app, authentic)


async def _require_authentic_alert(app: Services, message: AlertMessage) -> AlertMessage:
    """Return a message for an alert as the app wrote it; of any other one without what was raised.

    Only `raised` says something that the ledger may not have. The rest says when to look at it.

    Raises:
        NotAuthenticError: no alert was raised under its id.
    """
    if message.raised is None or is_authentic(message, app.settings.auth_tokens):
        return message
    if await app.ledger.alerts.find(message.alert) is None:
        raise NotAuthenticError("not_authentic", "the app did not write this message")
    log("not_authentic", level=logging.WARNING, id=message.alert)
    return AlertMessage(v=VERSION, alert=message.alert, n=message.n, job=message.job)


async def _require_authentic(app: Services, job: Job) -> Job:
    """Return a job that the app wrote itself; of any other one only what the ledger has under it.

    The app's own jobs lose their digest when the auth token is replaced without the old one as the
    secondary token. The ledger's row was validated when it was accepted.

    Raises:
        NotAuthenticError: nothing was accepted under its id.
    """
    if is_authentic(job, app.settings.auth_tokens):
        return job
    entry = await app.ledger.find(job.job)
    if entry is None or entry.accepted is None:
        raise NotAuthenticError("not_authentic", "the app did not write this job")
    log("not_authentic", level=logging.WARNING, id=job.job)
    return Job(v=VERSION, job=job.job, accepted=entry.accepted, again=True)


async def _build_poison_job(
    app: Services, message: QueueMessage, fields: dict[str, Any], *, is_copy: bool = False
) -> Job:
    """Return the job of a request that the host has given up on.

    A copy's id is not that of the first message, under which the job may have been put before.
    Only a key leads to that one.

    Raises:
        UnreadableJobError: it makes no valid request, the app fails on it, or nobody knows its id.
    """
    try:
        job = await _build_job(app, message, fields)
    except SwitchboardError:
        raise
    except Exception as error:
        log_error("request_failed", error, id=_job_id(message))
        raise UnreadableJobError("poison", GIVEN_UP) from error
    if is_copy and job.accepted.key is None:
        raise UnreadableJobError("poison", GIVEN_UP)
    return job


async def _accept_request(app: Services, message: QueueMessage, fields: dict[str, Any]) -> None:
    """Make a request a job of its own on the queue; its row in the ledger can follow later."""
    try:
        job = await _build_job(app, message, fields)
    except StorageUnavailableError as error:
        # Only the ledger knows which job its key stands for.
        log("storage_away", level=logging.WARNING, id=_job_id(message), error=str(error))
        return await _postpone(app, message, fields, OUTAGE_DELAY)
    try:
        await keep_job(app, job)
    except StorageUnavailableError as error:
        log("storage_away", level=logging.WARNING, id=job.job, error=str(error))
        await put_back(app, job, job.accepted.send_at or job.accepted.at)
    log("accepted", id=job.job, kind=job.accepted.kind, count=len(job.accepted.to), source="queue")
    return None


async def _build_job(app: Services, message: QueueMessage, fields: dict[str, Any]) -> Job:
    """Return the job of a request that a program put on the queue, with the same id each time.

    Raises:
        UnreadableJobError: it makes no valid request, or its key belongs to another one.
        StorageUnavailableError: it has a key, and nobody knows which job that stands for.
    """
    request_fields = dict(fields)
    key = request_fields.pop("idempotency_key", None)
    kind = infer_kind(request_fields.pop("kind", None), request_fields)
    if kind is None:
        raise UnreadableJobError("kind", f"kind {KIND_MESSAGE}")
    if not isinstance(key, str | None):
        raise UnreadableJobError("shape", "idempotency_key must be a text")
    at = message.inserted_at or app.now()
    try:
        valid = validate_request(kind, request_fields, app.settings, at, key)
        first = await hold_key(app, valid, _job_id(message), at)
    except IdempotencyMismatchError as error:
        raise UnreadableJobError("idempotency_mismatch", error.detail) from error
    except InvalidRequestError as error:
        reason = "; ".join(f"{p.path} {p.message}" for p in error.problems)
        raise UnreadableJobError("invalid_request", reason) from error
    return build_job(valid, first, source="queue")


async def _postpone(
    app: Services, message: QueueMessage, fields: dict[str, Any], delay: timedelta = NO_DELAY
) -> None:
    """Put a request back with the id and time of its first queue message."""
    queue = QUEUE_OF_LANE["bulk" if fields.get("lane") == "bulk" else "now"]
    await app.queues.put(queue, _postponed(message), delay)


def _postponed(message: QueueMessage) -> bytes:
    return encode_job(
        PostponedRequest(
            v=VERSION,
            queue_message=message.id,
            inserted_at=message.inserted_at,
            body=message.body.decode(),
        )
    )


def _unwrap(postponed: PostponedRequest) -> tuple[QueueMessage, dict[str, Any]]:
    """Return the first queue message of a request, and the request."""
    body = postponed.body.encode()
    request = decode_queue_message(body)
    if not isinstance(request, dict):
        raise UnreadableJobError("shape", "only a request can be postponed")
    message = QueueMessage(
        body=body,
        id=postponed.queue_message,
        inserted_at=postponed.inserted_at,
        dequeue_count=1,
    )
    return message, request


def _job_id(message: QueueMessage) -> str:
    return ids.id_of_queue_message(message.id, message.inserted_at, message.body)


async def _park_unreadable(
    app: Services, message: QueueMessage, error: UnreadableJobError, key: str | None = None
) -> None:
    if entry := await _find_pending(app, error.job):
        return await park(app, entry.id, error.code, error.detail, k=entry.retries)
    job_id = _job_id(message)
    log("unreadable", id=job_id, code=error.code)
    raw = readable_text(message.body)
    return await park(app, job_id, error.code, error.detail, raw=raw, key=key)


async def _find_pending(app: Services, job: object) -> Entry | None:
    """Return the entry that waits for a job which cannot be read, as one of another version."""
    place = ids.parse(job) if isinstance(job, str) else None
    entry = await app.ledger.find(place.job_id) if place else None
    return entry if entry and entry.pending else None


async def _find_first_copy(app: Services, message: QueueMessage) -> tuple[str, QueueMessage]:
    """Return a poison message with the id and time of the first copy that came on that day.

    The name under which these are kept comes before it.

    The host puts a copy before it deletes the original, so a lost answer makes several, each with
    an id of its own.
    """
    at = message.inserted_at or app.now()
    text = f"{at.astimezone(UTC):%Y%m%d}".encode() + message.body
    name = hashlib.sha256(text).hexdigest()
    mine = IdempotencyRecord(job=message.id, at=at, digest="poison")
    first = await app.ledger.hold_key(name, mine)
    return name, replace(message, id=first.job, inserted_at=first.at)
