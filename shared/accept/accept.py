"""Accept a request: from untrusted fields to a job on the queue and a first row in the ledger.

Each step can be repeated with the same id and then changes nothing, so repeating a request with
its idempotency key is safe at any point.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from shared.accept.idempotency import canonical_request, digest_of, require_same
from shared.accept.outbox import put
from shared.accept.validate import require_send_at, validate_request
from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.jobs.events import Accepted, Claim
from shared.jobs.job import VERSION, Job
from shared.ledger.ledger import IdempotencyRecord
from shared.log import current_trace, log

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
    accepted: Accepted
    several: bool
    segments: int | None


async def accept_request(
    app: Services,
    kind: Kind,
    fields: Mapping[str, Any],
    *,
    key: str | None = None,
    client: str | None = None,
) -> Acceptance:
    """Accept a request that came by HTTP, once for each `key`.

    A `client` of Twilio's API repeats what fails, mostly without a key. So an error means that
    nothing is sent: what may be on the queue is withdrawn, and what is there is a success.

    Raises:
        InvalidRequestError: with every problem of the request.
        IdempotencyMismatchError: the key was used for a request with another meaning.
        StorageUnavailableError: it is unknown whether the request was kept.
    """
    at = app.now()
    valid = validate_request(kind, fields, app.settings, at, key)
    first = await hold_key(app, valid, ids.new_id(at, app.random()), at)
    job = build_job(valid, first, client=client)
    try:
        await keep_job(app, job, is_row_needed=client is None)
    except StorageUnavailableError:
        if client is None or key is not None or await _withdraw(app, job):
            raise
    return Acceptance(
        id=job.job,
        accepted=job.accepted,
        several=first.several or len(valid.recipients) > 1,
        segments=valid.segments,
    )


async def _withdraw(app: Services, job: Job) -> bool:
    """Cancel a job that may be on its queue; return False if it is being sent already.

    Raises:
        StorageUnavailableError: it is unknown whether the job is canceled.
    """
    claim = Claim(at=app.now(), n=1, by="cancel", accepted=job.accepted)
    if await app.ledger.record(job.job, claim):
        return True
    entry = await app.ledger.find(job.job)
    return entry is not None and claim in entry.events


async def hold_key(
    app: Services, valid: ValidRequest, job_id: str, at: datetime
) -> IdempotencyRecord:
    """Return the id and time to keep a request under: those of the first request with its key.

    Without a key, or for the first request with it, those are `job_id` and `at`.

    Raises:
        InvalidRequestError: `send_at` cannot be kept, seen from `at`.
        IdempotencyMismatchError: the key was used for a request with another meaning.
    """
    if valid.key is None:
        return IdempotencyRecord(job=job_id, at=at, digest="", several=valid.is_list)
    held = await app.ledger.key(valid.key)
    if held is None:
        require_send_at(valid.request, at)
    digest = digest_of(canonical_request(valid.request))
    mine = IdempotencyRecord(job=job_id, at=at, digest=digest, several=valid.is_list)
    held = held or await app.ledger.hold_key(valid.key, mine)
    require_same(held, mine)
    return held


def build_job(
    valid: ValidRequest,
    first: IdempotencyRecord,
    source: Source = "http",
    *,
    client: str | None = None,
) -> Job:
    """Return the job of a valid request, the same one for the same `first`."""
    request = valid.request
    accepted = Accepted(
        at=first.at,
        kind=request.kind,
        to=valid.recipients,
        request=msgspec.Raw(valid.encoded),
        sender=valid.sender,
        lane=request.lane,
        source=source,
        send_at=request.send_at,
        metadata=request.metadata,
        key=valid.key,
        trace=current_trace(),
        client=client,
    )
    return Job(v=VERSION, job=first.job, accepted=accepted)


async def keep_job(app: Services, job: Job, *, is_row_needed: bool = True) -> None:
    """Put a job on its queue or the schedule and, beside that, its first row in the ledger.

    A message there without a row repairs itself when it is delivered; a row without a message
    would be lost. So the row alone is never success, and the message alone only where the row is
    not needed to find it.
    """
    accepted = job.accepted
    queued, row = await asyncio.gather(
        put(app, job, accepted.send_at or accepted.at),
        app.ledger.record(job.job, accepted),
        return_exceptions=True,
    )
    if not is_row_needed and isinstance(row, StorageUnavailableError):
        log("row_left_to_delivery", level=logging.WARNING, id=job.job)
        row = False
    for outcome in (queued, row):
        if isinstance(outcome, BaseException):
            raise outcome
