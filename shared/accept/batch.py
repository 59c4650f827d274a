"""Accept a batch: its recipients in jobs of up to a hundred, on the queue beside the ledger.

The ids of jobs follow from the id of the batch, so repeating a batch with its idempotency key
after a 503 takes the same steps with the same ids: what was kept stays, the rest is added.
"""

from __future__ import annotations

import asyncio
from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from shared.accept.accept import keep_job
from shared.accept.addresses import channel_of
from shared.accept.idempotency import canonical_request, digest_of, key_name, require_same
from shared.accept.validate import require_send_at, resolve_sender
from shared.jobs import ids
from shared.jobs.events import Accepted
from shared.jobs.job import VERSION, Job
from shared.ledger.batches import Batch
from shared.ledger.ledger import IdempotencyRecord
from shared.log import current_trace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from shared.accept.batch_request import BatchRequest, Recipient
    from shared.kinds import Kind
    from shared.services import Services
    from shared.settings import Settings

# The first jobs are delivered while the others are kept: more at once would hold up their claims.
_MAX_CONCURRENT_JOBS: Final = 8


async def accept_batch(app: Services, request: BatchRequest, *, key: str | None = None) -> str:
    """Accept a batch and return its id, the same for the same `key`.

    Raises:
        InvalidRequestError: `send_at` cannot be kept.
        IdempotencyMismatchError: the key was used for a request with another meaning.
        StorageUnavailableError: repeat with the same key; some may be sent before you do.
    """
    at = app.now()
    batch_id = ids.new_batch_id(at, app.random())
    name = None if key is None else key_name(key)
    held = None if name is None else await app.ledger.key(name)
    if held is None:
        require_send_at(request.request, at)
    if name is not None:
        mine = IdempotencyRecord(job=batch_id, at=at, digest=digest_of(_meaning(request)))
        held = held or await app.ledger.hold_key(name, mine)
        require_same(held, mine)
        batch_id, at = held.job, held.at
        if held is not mine and await app.ledger.batches.is_kept(batch_id):
            return batch_id
    jobs = list(_jobs(request, batch_id, at, app.settings))
    await app.ledger.batches.begin(
        Batch(
            id=batch_id,
            at=at,
            kind=request.kind,
            lane=request.request.lane,
            count=len(request.recipients),
            jobs=len(jobs),
            duplicates=len(request.duplicates),
            skipped=request.skipped_count,
            send_at=request.request.send_at,
            metadata=request.request.metadata,
            key=name,
            name=request.name,
        )
    )
    await _keep(app, jobs)
    await app.ledger.batches.end(batch_id)
    return batch_id


async def _keep(app: Services, jobs: list[Job]) -> None:
    """Keep jobs; once one fails no other is begun, so that a 503 comes soon."""
    waiting = deque(jobs)

    async def keep_some() -> None:
        try:
            while waiting:
                await keep_job(app, waiting.popleft())
        finally:
            waiting.clear()

    some = (keep_some() for _ in range(_MAX_CONCURRENT_JOBS))
    outcomes = await asyncio.gather(*some, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


def _jobs(request: BatchRequest, batch_id: str, at: datetime, settings: Settings) -> Iterator[Job]:
    common = request.request
    template = msgspec.Raw(msgspec.json.encode(common))
    for number, part in enumerate(_split(request.kind, request.recipients, request.room)):
        to = tuple(recipient.to for recipient in part)
        accepted = Accepted(
            at=at,
            kind=request.kind,
            to=to,
            request=template,
            sender=resolve_sender(common, to[:1], settings),
            lane=common.lane,
            source="batch",
            send_at=common.send_at,
            metadata=common.metadata,
            values=tuple(recipient.values for recipient in part if recipient.values),
            batch=batch_id,
            receipts=request.receipts,
            trace=current_trace(),
        )
        yield Job(v=VERSION, job=ids.batch_job_id(batch_id, number), accepted=accepted)


def _split(kind: Kind, recipients: list[Recipient], room: int) -> Iterator[list[Recipient]]:
    """Split the recipients into jobs: of one channel, at most a hundred, within `room` bytes."""

    def channel(recipient: Recipient) -> str:
        return channel_of(kind, recipient.to)

    for _, same in groupby(sorted(recipients, key=channel), key=channel):
        part: list[Recipient] = []
        size = 0
        for recipient in same:
            if part and (len(part) == ids.MAX_RECIPIENTS or size + recipient.size > room):
                yield part
                part, size = [], 0
            part.append(recipient)
            size += recipient.size
        yield part


def _meaning(request: BatchRequest) -> dict[str, object]:
    """Return what a batch means: its template, and its recipients with their values, in order.

    Recipients that are left out are part of it, since the answer names them.
    """
    return {
        **canonical_request(request.request),
        "receipts": request.receipts,
        "name": request.name,
        "recipients": [(recipient.to, recipient.values) for recipient in request.recipients],
        "duplicates": [(recipient.line, recipient.to) for recipient in request.duplicates],
        "skipped": [(problem.line, problem.code) for problem in request.skipped],
        "skipped_count": request.skipped_count,
    }
