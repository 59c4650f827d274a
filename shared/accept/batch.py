"""Accepting a batch: its recipients in jobs of up to a hundred, on the queue beside the ledger.

Ids of jobs follow from the batch's, so repeating a batch with its idempotency key after a 503
takes the same steps with the same ids: what was kept stays, what was not is added.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final

import msgspec

from shared.accept.idempotency import check_same, digest, key_name, meaning
from shared.accept.rules import problems_with_time, sender
from shared.deliver.job import VERSION, Job
from shared.errors import InvalidRequestError
from shared.ledger import entry_id
from shared.ledger.batches import Batch
from shared.ledger.events import Accepted
from shared.ledger.ledger import Key
from shared.tracing import followed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from shared.accept.accept import Accept
    from shared.accept.batch_request import BatchRequest, Recipient
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

_AT_ONCE: Final = 32


@dataclass(frozen=True, kw_only=True)
class AcceptBatch:
    """The step from a batch to its jobs; `now` and `random` (60 bits) are passed in."""

    accept: Accept
    ledger: Ledger
    settings: Settings
    now: Callable[[], datetime]
    random: Callable[[], int]

    async def __call__(self, request: BatchRequest, *, key: str | None = None) -> str:
        """The id of the accepted batch, the same for the same `key`.

        Raises:
            InvalidRequestError: `send_at` is no time that can be kept.
            IdempotencyMismatchError: the key stands for a request that means something else.
            StorageUnavailableError: repeat with the same key; some may be sent before you do.
        """
        at = self.now()
        batch_id = entry_id.new_batch_id(at, self.random())
        name = None if key is None else key_name(key)
        held = None if name is None else await self.ledger.key(name)
        if held is None and (problems := problems_with_time(request.request, at)):
            raise InvalidRequestError(problems)
        if name is not None:
            mine = Key(job=batch_id, at=at, digest=digest(_meaning(request)))
            held = held or await self.ledger.hold_key(name, mine)
            check_same(held, mine)
            batch_id, at = held.job, held.at
            if held is not mine and await self.ledger.batches.is_kept(batch_id):
                return batch_id
        jobs = list(self._jobs(request, batch_id, at))
        await self.ledger.batches.begin(
            Batch(
                id=batch_id,
                at=at,
                kind=request.kind,
                lane=request.request.lane,
                count=len(request.recipients),
                jobs=len(jobs),
                duplicates=len(request.duplicates),
                skipped=len({problem.line for problem in request.skipped}),
                send_at=request.request.send_at,
                metadata=request.request.metadata,
                key=name,
            )
        )
        await self._keep(jobs)
        await self.ledger.batches.end(batch_id)
        return batch_id

    async def _keep(self, jobs: list[Job]) -> None:
        """Keep jobs, and begin with no other one once one of them failed: a 503 comes soon."""
        waiting = deque(jobs)

        async def keep_some() -> None:
            try:
                while waiting:
                    await self.accept.keep(waiting.popleft())
            finally:
                waiting.clear()

        some = (keep_some() for _ in range(_AT_ONCE))
        outcomes = await asyncio.gather(*some, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def _jobs(self, request: BatchRequest, batch_id: str, at: datetime) -> Iterator[Job]:
        common = request.request
        template = msgspec.Raw(msgspec.json.encode(common))
        for number, part in enumerate(_parts(request.recipients, request.room)):
            accepted = Accepted(
                at=at,
                kind=request.kind,
                to=tuple(recipient.to for recipient in part),
                request=template,
                sender=sender(msgspec.structs.replace(common, to=part[0].to), self.settings),
                lane=common.lane,
                source="batch",
                send_at=common.send_at,
                metadata=common.metadata,
                values=tuple(recipient.values for recipient in part if recipient.values),
                batch=batch_id,
                receipts=request.receipts,
                trace=followed(),
            )
            yield Job(v=VERSION, job=entry_id.batch_job_id(batch_id, number), accepted=accepted)


def _parts(recipients: list[Recipient], room: int) -> Iterator[list[Recipient]]:
    """The recipients in jobs: of one channel, a hundred at the most, within `room` bytes."""
    ordered = sorted(recipients, key=_channel)
    for _, same in groupby(ordered, key=_channel):
        part: list[Recipient] = []
        size = 0
        for recipient in same:
            if part and (len(part) == entry_id.MOST_RECIPIENTS or size + recipient.size > room):
                yield part
                part, size = [], 0
            part.append(recipient)
            size += recipient.size
        yield part


def _channel(recipient: Recipient) -> str:
    return recipient.to.rpartition(":")[0]


def _meaning(request: BatchRequest) -> dict[str, object]:
    """What a batch means: its template and, in order, who gets it with which values.

    Who does not get it counts too, since the answer names them.
    """
    return {
        **meaning(request.kind, request.request),
        "receipts": request.receipts,
        "recipients": [(recipient.to, recipient.values) for recipient in request.recipients],
        "duplicates": [(recipient.line, recipient.to) for recipient in request.duplicates],
        "skipped": [(problem.line, problem.code) for problem in request.skipped],
    }
