"""A queue message arrives: a job of ours, a request that some program dropped, or neither."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shared.accept.kind import WORDS, kind_of
from shared.deliver.deliver import OUTAGE
from shared.deliver.job import Job, read_queue_message, readable_text
from shared.deliver.job_queue import QUEUE_OF_LANE
from shared.errors import (
    IdempotencyMismatchError,
    InvalidRequestError,
    StorageUnavailableError,
    UnreadableJobError,
)
from shared.ledger import entry_id
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    from shared.accept.accept import Accept
    from shared.deliver.deliver import Deliver
    from shared.ledger.fold import Entry


@dataclass(frozen=True, kw_only=True)
class QueueMessage:
    """A queue message as the trigger gives it."""

    body: bytes
    id: str
    inserted_at: datetime | None
    dequeue_count: int


@dataclass(frozen=True, kw_only=True)
class Arrive:
    """The step from queue message to job."""

    accept: Accept
    deliver: Deliver

    async def __call__(self, message: QueueMessage) -> None:
        """Deliver what the message holds, or park it with its text."""
        job = await self._job(message)
        if job is not None:
            dropped = job.accepted.source == "queue"  # nobody has noted yet that it was accepted
            await self.deliver(job, again=dropped or message.dequeue_count > 1)

    async def give_up(self, message: QueueMessage) -> None:
        """Park what the host has given up on, from its poison queue."""
        job = await self._job(message)
        if job is not None:
            await self.deliver.give_up(job)

    async def _job(self, message: QueueMessage) -> Job | None:
        job_id = entry_id.id_of_queue_message(message.id, message.inserted_at, message.body)
        try:
            found = read_queue_message(message.body)
            return found if isinstance(found, Job) else await self._dropped(found, message, job_id)
        except UnreadableJobError as error:
            code, words = error.code, error.detail
            if entry := await self._waiting(error.job):
                await self.deliver.park(entry.id, code, words, k=entry.retries)
                return None
        except IdempotencyMismatchError as error:
            code, words = "idempotency_mismatch", error.detail
        except InvalidRequestError as error:
            code = "invalid_request"
            words = "; ".join(f"{p.path} {p.message}" for p in error.problems)
        log("unreadable", id=job_id, code=code)
        await self.deliver.park(job_id, code, words, raw=readable_text(message.body))
        return None

    async def _waiting(self, job: object) -> Entry | None:
        """The entry that waits for a job which cannot be read, as one of another version."""
        place = entry_id.parse(job) if isinstance(job, str) else None
        entry = await self.deliver.ledger.find(place.job_id) if place else None
        return entry if entry and entry.pending else None

    async def _dropped(
        self, fields: dict[str, Any], message: QueueMessage, job_id: str
    ) -> Job | None:
        """The job of a request that was dropped on the queue, the same at every delivery.

        Where the ledger is away, nobody knows which job its key stands for: the request goes back
        to the queue as it is, like any job in an outage, and there is none for now.
        """
        request_fields = dict(fields)
        key = request_fields.pop("idempotency_key", None)
        kind = kind_of(request_fields.pop("kind", None), request_fields)
        if kind is None:
            raise UnreadableJobError("kind", f"kind {WORDS}")
        if not isinstance(key, str | None):
            raise UnreadableJobError("shape", "idempotency_key must be a text")
        request = self.accept.checked(kind, request_fields, key)
        at = message.inserted_at or self.accept.now()
        try:
            first = await self.accept.first(kind, request, job_id, at, key)
        except StorageUnavailableError as error:
            log("storage_away", level=logging.WARNING, id=job_id, error=str(error))
            body = msgspec.json.encode(fields)
            await self.deliver.queue.put(QUEUE_OF_LANE[request.lane], body, OUTAGE)
            return None
        return self.accept.job(kind, request, first, key, source="queue")
