"""An operator's retry of what was parked or refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.job import VERSION, Job, encode_job
from shared.deliver.job_queue import QUEUE_OF_LANE
from shared.errors import OverError
from shared.ledger.events import Retried
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.deliver.job_queue import JobQueue
    from shared.ledger.fold import Entry
    from shared.ledger.ledger import Ledger

_RETRIED: Final = frozenset({"parked", "refused"})
_SAFETY_NET: Final = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The step that opens the next attempt, after the same settling of doubt as any other."""

    ledger: Ledger
    queue: JobQueue
    now: Callable[[], datetime]

    async def __call__(self, entry: Entry, index: int | None, key: str | None = None) -> Entry:
        """The entry after asking for another try of recipient `index`, or of all that failed.

        `key` is the row of the idempotency key that it came with: under one key a job is retried
        once, and asking again only makes sure that it is on the queue.

        Raises:
            OverError: nothing of it was parked or refused, or it cannot be read at all.
        """
        if entry.accepted is None:
            raise OverError("it could not be read, so there is nothing to send")
        seen = entry.retries
        indexes = _failed(entry, index, seen)
        asked = _was_asked(entry, key)
        if not indexes and not asked:
            raise OverError("only what was parked or refused can be sent again")
        job = encode_job(Job(v=VERSION, job=entry.id, accepted=entry.accepted, again=True))
        queue = QUEUE_OF_LANE[entry.accepted.lane]
        # The delayed message is there for a worker that dies between the next two steps; alone,
        # it finds nothing to do.
        await self.queue.put(queue, job, _SAFETY_NET)
        # Where somebody else's retry takes the row, it may be for other recipients.
        while indexes and not asked:
            after = entry.claim.n if entry.claim else 0
            k = entry.retries + 1
            retried = Retried(at=self.now(), k=k, after=after, indexes=indexes, key=key)
            asked = await self.ledger.record(entry.id, retried)
            entry = await self.ledger.find(entry.id) or entry
            indexes = _failed(entry, index, seen)
        await self.queue.put(queue, job)
        log("retried", id=entry.id, k=entry.retries)
        return entry


def _failed(entry: Entry, index: int | None, seen: int) -> tuple[int, ...]:
    """The recipients that failed, less those that were retried since `seen` retries were known."""
    newer = [event for event in entry.events if isinstance(event, Retried) and event.k > seen]
    reopened = {each for retried in newer for each in retried.indexes or ()}
    return tuple(
        d.index
        for d in entry.deliveries
        if index in (None, d.index) and d.state in _RETRIED and d.index not in reopened
    )


def _was_asked(entry: Entry, key: str | None) -> bool:
    return key is not None and any(
        isinstance(event, Retried) and event.key == key for event in entry.events
    )
