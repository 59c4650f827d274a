"""Accepting: from untrusted fields to a job on the queue, with its first row in the ledger.

Every step may be taken again with the same id and changes nothing then, which is what makes
repeating a request with its idempotency key safe at any point.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.accept.fields import decode_fields
from shared.accept.idempotency import check_same, digest, key_name, meaning, problems_with_key
from shared.accept.request import REQUEST_OF_KIND, MessageRequest
from shared.accept.rules import problems_with, problems_with_time, recipients, sender, texts_in
from shared.accept.segments import segments_of
from shared.deliver.job import MOST_BYTES, VERSION, Job, encode_job
from shared.deliver.job_queue import QUEUE_OF_LANE
from shared.errors import InvalidRequestError, Problem
from shared.ledger import entry_id
from shared.ledger.events import Accepted, Kind, Source
from shared.ledger.ledger import Key
from shared.tracing import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from shared.accept.request import AnyRequest
    from shared.deliver.job_queue import JobQueue
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

_JOB_OVERHEAD: Final = 600


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """What the caller is told: the job's id, and whether it asked for one recipient or a list."""

    id: str
    kind: Kind
    to: tuple[str, ...]
    scheduled: bool
    several: bool
    segments: int | None


@dataclass(frozen=True, kw_only=True)
class Accept:
    """The step from request to job; `now` and `random` (60 bits) are passed in."""

    settings: Settings
    ledger: Ledger
    queue: JobQueue
    now: Callable[[], datetime]
    random: Callable[[], int]

    async def __call__(
        self, kind: Kind, fields: Mapping[str, Any], *, key: str | None = None
    ) -> Acceptance:
        """Accept a request that came by HTTP, once for each `key`.

        Raises:
            InvalidRequestError: with every problem of the request.
            IdempotencyMismatchError: the key stands for a request that means something else.
            StorageUnavailableError: it is unknown whether the request was kept.
        """
        at = self.now()
        request = self.checked(kind, fields, key)
        first = await self.first(kind, request, entry_id.new_id(at, self.random()), at, key)
        job = self.job(kind, request, first, key)
        await self.keep(job)
        accepted = job.accepted
        return Acceptance(
            id=job.job,
            kind=kind,
            to=accepted.to,
            scheduled=accepted.waits,
            several=first.several or len(accepted.to) > 1,
            segments=segments_of(request) if isinstance(request, MessageRequest) else None,
        )

    async def first(
        self, kind: Kind, request: AnyRequest, job_id: str, at: datetime, key: str | None
    ) -> Key:
        """What a valid request is kept as: what the first one of its key was, or `job_id` and `at`.

        Raises:
            InvalidRequestError: `send_at` is no time that can be kept, seen from `at`.
            IdempotencyMismatchError: the key stands for a request that means something else.
        """
        held = None if key is None else await self.ledger.key(key_name(key))
        if held is None and (problems := problems_with_time(request, at)):
            raise InvalidRequestError(problems)
        several = not isinstance(request.to, str)
        if key is None:
            return Key(job=job_id, at=at, digest="", several=several)
        mine = Key(job=job_id, at=at, digest=digest(meaning(kind, request)), several=several)
        held = held or await self.ledger.hold_key(key_name(key), mine)
        check_same(held, mine)
        return held

    def job(
        self,
        kind: Kind,
        request: AnyRequest,
        first: Key,
        key: str | None = None,
        source: Source = "http",
    ) -> Job:
        """The job of a valid request, the same one for the same `first`."""
        accepted = Accepted(
            at=first.at,
            kind=kind,
            to=recipients(request),
            request=msgspec.Raw(msgspec.json.encode(request)),
            sender=sender(request, self.settings),
            lane=request.lane,
            source=source,
            send_at=request.send_at,
            metadata=request.metadata,
            key=None if key is None else key_name(key),
            trace=followed(),
        )
        return Job(v=VERSION, job=first.job, accepted=accepted)

    def checked(self, kind: Kind, fields: Mapping[str, Any], key: str | None = None) -> AnyRequest:
        """The valid request that `fields` say, to be kept under `key`.

        Raises:
            InvalidRequestError: with every problem, but for those that depend on the time.
        """
        decoded = decode_fields(fields, REQUEST_OF_KIND[kind], to=texts_in(fields.get("to")))
        request = decoded.value
        problems = decoded.problems + problems_with(request, self.settings, decoded.broken)
        # These stand in the job beside the request once more.
        beside = (recipients(request), request.metadata, sender(request, self.settings))
        if len(msgspec.json.encode((request, beside))) > MOST_BYTES - _JOB_OVERHEAD:
            problems.append(Problem("$", "too_large", f"takes more than {MOST_BYTES} bytes"))
        problems += problems_with_key(key)
        if problems:
            raise InvalidRequestError([*problems, *problems_with_time(request, self.now())])
        return request

    async def keep(self, job: Job) -> None:
        """Put a job on its queue and, beside that, its first row in the ledger.

        A message on the queue without a row mends itself when it is delivered; a row without a
        message would be lost. So the row alone is never success.
        """
        accepted = job.accepted
        wait = (accepted.send_at or accepted.at) - self.now()
        put, row = await asyncio.gather(
            self.queue.put(QUEUE_OF_LANE[accepted.lane], encode_job(job), wait),
            self.ledger.record(job.job, accepted),
            return_exceptions=True,
        )
        for outcome in (put, row):
            if isinstance(outcome, BaseException):
                raise outcome
