"""Accept a request: from untrusted fields to a job on the queue and a first row in the ledger.

Each step can be repeated with the same id and then changes nothing, so repeating a request with
its idempotency key is safe at any point.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shared.accept.idempotency import canonical_request, digest_of, key_name, require_same
from shared.accept.outbox import put_job
from shared.accept.validate import require_send_at, validate_request
from shared.jobs import ids
from shared.jobs.events import Accepted
from shared.jobs.job import VERSION, Job
from shared.ledger.ledger import IdempotencyRecord
from shared.tracing import current_trace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from shared.accept.validate import ValidRequest
    from shared.jobs.events import Source
    from shared.kinds import Kind
    from shared.services import Services


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The answer to the caller: the job's id, and whether a list of recipients was asked for."""

    id: str
    kind: Kind
    to: tuple[str, ...]
    scheduled: bool
    several: bool
    segments: int | None


async def accept_request(
    app: Services, kind: Kind, fields: Mapping[str, Any], *, key: str | None = None
) -> Acceptance:
    """Accept a request that came by HTTP, once for each `key`.

    Raises:
        InvalidRequestError: with every problem of the request.
        IdempotencyMismatchError: the key was used for a request with another meaning.
        StorageUnavailableError: it is unknown whether the request was kept.
    """
    at = app.now()
    valid = validate_request(kind, fields, app.settings, at, key)
    first = await hold_key(app, valid, ids.new_id(at, app.random()), at, key)
    job = build_job(valid, first, key)
    await keep_job(app, job)
    return Acceptance(
        id=job.job,
        kind=kind,
        to=valid.recipients,
        scheduled=job.accepted.waits,
        several=first.several or len(valid.recipients) > 1,
        segments=valid.segments,
    )


async def hold_key(
    app: Services, valid: ValidRequest, job_id: str, at: datetime, key: str | None
) -> IdempotencyRecord:
    """Return the id and time to keep a request under: those of the first request with its key.

    Without a key, or for the first request with it, those are `job_id` and `at`.

    Raises:
        InvalidRequestError: `send_at` cannot be kept, seen from `at`.
        IdempotencyMismatchError: the key was used for a request with another meaning.
    """
    if key is None:
        require_send_at(valid.request, at)
        return IdempotencyRecord(job=job_id, at=at, digest="", several=valid.is_list)
    name = key_name(key)
    held = await app.ledger.key(name)
    if held is None:
        require_send_at(valid.request, at)
    digest = digest_of(canonical_request(valid.kind, valid.request))
    mine = IdempotencyRecord(job=job_id, at=at, digest=digest, several=valid.is_list)
    held = held or await app.ledger.hold_key(name, mine)
    require_same(held, mine)
    return held


def build_job(
    valid: ValidRequest, first: IdempotencyRecord, key: str | None = None, source: Source = "http"
) -> Job:
    """Return the job of a valid request, the same one for the same `first`."""
    request = valid.request
    accepted = Accepted(
        at=first.at,
        kind=valid.kind,
        to=valid.recipients,
        request=msgspec.Raw(valid.encoded),
        sender=valid.sender,
        lane=request.lane,
        source=source,
        send_at=request.send_at,
        metadata=request.metadata,
        key=None if key is None else key_name(key),
        trace=current_trace(),
    )
    return Job(v=VERSION, job=first.job, accepted=accepted)


async def keep_job(app: Services, job: Job) -> None:
    """Put a job on its queue or the schedule and, beside that, its first row in the ledger.

    A message there without a row repairs itself when it is delivered; a row without a message
    would be lost. So the row alone is never success.
    """
    accepted = job.accepted
    put, row = await asyncio.gather(
        put_job(app, job, accepted.send_at or accepted.at),
        app.ledger.record(job.job, accepted),
        return_exceptions=True,
    )
    for outcome in (put, row):
        if isinstance(outcome, BaseException):
            raise outcome
