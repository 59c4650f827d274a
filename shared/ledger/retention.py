"""Forgetting: what ended longer ago than RETENTION_DAYS is deleted.

It can be interrupted anywhere: what is left is found by the next run. A job goes with its
idempotency keys before it; one that is pending stays, however old. A batch goes after the last of
its jobs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shared.jobs import ids
from shared.jobs.events import Accepted, Claim, Noted, Parked, Reported, Retried
from shared.ledger import schema
from shared.ledger.ledger import event_row
from shared.ledger.listing import entries_in_range
from shared.ledger.owners import minute
from shared.log import log
from shared.storage.table import after_prefix, just_after

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.jobs.fold import Entry
    from shared.ledger.ledger import Ledger
    from shared.ledger.schema import Rows

_MAX_CONCURRENT_PARTITIONS: Final = 8
# One transaction deletes so many rows; a job of fewer goes in one of them.
_MAX_ROWS: Final = 100
# What decides whether a job is over is deleted last.
_INDEX, _REPORT, _DECISIVE = range(3)


@dataclass(frozen=True)
class Forgotten:
    """How much a run deleted, and whether it came to the end."""

    jobs: int = 0
    rows: int = 0
    complete: bool = True


async def forget_before(
    ledger: Ledger, before: datetime, *, enough: Callable[[], bool] = lambda: False
) -> Forgotten:
    """Delete every job whose last event is older than `before`, and the notes of that time.

    A run that is told that it is `enough` ends early; the next one goes on.
    """
    run = _Run(ledger, before, enough)
    day = await ledger.table.next_partition(ids.day_key(before))
    while day is not None and day < schema.PAST_DAYS and not enough():
        slots = asyncio.Semaphore(_MAX_CONCURRENT_PARTITIONS)
        await asyncio.gather(*(run.forget_shard(each, slots) for each in ids.partitions(day[:4])))
        day = await ledger.table.next_partition(after_prefix(day[:4]))
    for notes in (schema.LATE, schema.LATE_CALLS, schema.OWNERS, schema.CAPS):
        await run.forget_notes(notes)
    if not enough():
        await ledger.alerts.forget(before)
    await ledger.marks.forget(before)
    if not enough():
        await ledger.received.forget(before)
        await run.forget_batches()
    total = Forgotten(run.jobs, run.rows, complete=not enough())
    log("forgotten", jobs=total.jobs, rows=total.rows, before=before, complete=total.complete)
    return total


class _Run:
    """One run of forgetting, and what it has deleted so far."""

    def __init__(self, ledger: Ledger, before: datetime, enough: Callable[[], bool]) -> None:
        self._ledger = ledger
        self._before = before
        self._enough = enough
        self.jobs = 0
        self.rows = 0

    async def forget_shard(self, partition: str, slots: asyncio.Semaphore) -> None:
        """Forget the jobs of one partition, several in one transaction."""
        async with slots:
            day = ids.day_key(self._before)
            is_first = partition.startswith(day)
            first = ids.time_key(self._before) if is_first else ""
            waiting: list[Entry] = []
            size = 0
            is_kept = False
            async for entry in entries_in_range(
                self._ledger.table, partition, first, schema.PAST_EVENTS
            ):
                if self._enough():
                    return
                if not _is_over(entry, self._before):
                    is_kept = True
                    continue
                rows = len(self._rows_of(entry))
                if waiting and size + rows > _MAX_ROWS:
                    await self._forget(partition, waiting)
                    waiting, size = [], 0
                waiting.append(entry)
                size += rows
            if waiting:
                await self._forget(partition, waiting)
            if not is_first and not is_kept:
                await self._forget_index(partition)

    async def forget_notes(self, notes: Rows) -> None:
        """Forget rows in partitions named by their time."""
        table, last = self._ledger.table, notes.place(minute(self._before))
        partition = await table.next_partition(notes.first)
        while partition is not None and partition < last and not self._enough():
            await table.delete(partition, [row.key async for row in table.range(partition)])
            partition = await table.next_partition(just_after(partition))

    async def forget_batches(self) -> None:
        """Forget the batches of whose jobs nothing is left."""
        batches = self._ledger.batches
        for batch in [each async for each in batches.over(self._before)]:
            if batch.key is not None:
                await self._ledger.forget_key(batch.key)
            await batches.forget(batch.id)

    async def _forget(self, partition: str, entries: list[Entry]) -> None:
        keys = {key for entry in entries for key in _keys(entry)}
        await asyncio.gather(*(self._ledger.forget_key(key) for key in keys))
        rows = sorted(row for entry in entries for row in self._rows_of(entry))
        await self._ledger.table.delete(partition, [key for _, key in rows])
        self.jobs += len(entries)
        self.rows += len(rows)

    def _rows_of(self, entry: Entry) -> set[tuple[int, str]]:
        """Return the keys of a job's rows and of those in the index, each with when it goes."""
        found = set()
        for event in entry.events:
            row = event_row(entry.id, event)
            found.add((_REPORT if isinstance(event, Reported | Noted) else _DECISIVE, row.key))
            found |= {(_INDEX, beside.key) for beside in self._ledger.index.rows(row, event)}
        return found

    async def _forget_index(self, partition: str) -> None:
        """Delete what the index has left of a day, as rows under an older key of the digests."""
        rows = self._ledger.table.range(partition, schema.PAST_EVENTS)
        if keys := [row.key async for row in rows]:
            await self._ledger.table.delete(partition, keys)


def _is_over(entry: Entry, before: datetime) -> bool:
    """Return whether a job will not be looked at again: it is old, and nothing of it is pending.

    Until its time, a job's queue message may still be on its way, even if it was canceled; a
    worker that then found no rows would take it for a new one, and send it. What was never
    accepted can be sent by nobody.
    """
    send_at = entry.accepted.send_at if entry.accepted else None
    waits = send_at is not None and send_at >= before
    is_pending = entry.accepted is not None and bool(entry.pending)
    return entry.events[-1].at < before and not waits and not is_pending


def _keys(entry: Entry) -> set[str]:
    """The idempotency keys that led to a job."""
    keys = {event.key for event in entry.events if isinstance(event, Accepted | Parked | Retried)}
    keys |= {
        event.accepted.key for event in entry.events if isinstance(event, Claim) and event.accepted
    }
    return {key for key in keys if key}
