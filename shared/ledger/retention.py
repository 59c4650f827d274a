"""Forgetting: what ended longer ago than RETENTION_DAYS is deleted, oldest days last to first.

It can be interrupted anywhere: what is left is found by the next run. A job goes as a whole,
its idempotency keys before it; one whose time has not come stays, however old. A batch goes
after the last of its jobs.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from shared.jobs import ids
from shared.jobs.events import Accepted, Claim, Parked, Retried
from shared.ledger.caps import CAP
from shared.ledger.listing import entries_in_partition
from shared.ledger.owners import LATE, OWNER, minute
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.fold import Entry
    from shared.ledger.ledger import Ledger
    from shared.storage.table import Table

_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Forgotten:
    """How much a run deleted."""

    jobs: int = 0
    rows: int = 0


async def forget_before(ledger: Ledger, before: datetime) -> Forgotten:
    """Delete every job whose last event is older than `before`, and the notes of that time."""
    total = Forgotten()
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(partition: str) -> Forgotten:
        async with places:
            return await _forget_jobs(ledger, partition, before)

    partition = await ledger.table.next_partition(ids.day_key(before))
    while partition is not None and not partition.startswith("~"):
        day = partition[:4]
        parts = await asyncio.gather(*(one(each) for each in ids.partitions(day)))
        total = replace(
            total,
            jobs=total.jobs + sum(part.jobs for part in parts),
            rows=total.rows + sum(part.rows for part in parts),
        )
        partition = await ledger.table.next_partition(f"{day}~")
    for notes in (LATE, OWNER, CAP):
        await _forget_notes(ledger.table, notes, before)
    await ledger.alerts.forget(before)
    await ledger.marks.forget(before)
    await ledger.received.forget(before)
    for batch in [each async for each in ledger.batches.over(before)]:
        if batch.key is not None:
            await ledger.forget_key(batch.key)
        await ledger.batches.forget(batch.id)
    log("forgotten", jobs=total.jobs, rows=total.rows, before=before)
    return total


async def _forget_jobs(ledger: Ledger, partition: str, before: datetime) -> Forgotten:
    jobs = rows = 0
    async for entry in entries_in_partition(ledger.table, partition):
        if not _is_over(entry, before):
            continue
        for key in _keys(entry):
            await ledger.forget_key(key)
        keys = [f"{ids.row(entry.id)}.{event.row_name}" for event in entry.events]
        await ledger.table.delete(partition, keys)
        jobs, rows = jobs + 1, rows + len(keys)
    return Forgotten(jobs, rows)


def _is_over(entry: Entry, before: datetime) -> bool:
    """Whether a job will not be looked at again; what was never sent is given up after a day.

    Until its time, a job's queue message may still be on its way, even if it was canceled; a
    worker that then found no rows would take it for a new one, and send it.
    """
    send_at = entry.accepted.send_at if entry.accepted else None
    waits = send_at is not None and send_at >= before
    return entry.events[-1].at < before and not waits


def _keys(entry: Entry) -> set[str]:
    """The idempotency keys that led to a job."""
    keys = {event.key for event in entry.events if isinstance(event, Accepted | Parked | Retried)}
    keys |= {
        event.accepted.key for event in entry.events if isinstance(event, Claim) and event.accepted
    }
    return {key for key in keys if key}


async def _forget_notes(table: Table, notes: str, before: datetime) -> None:
    last = f"{notes}-{minute(before)}"
    partition = await table.next_partition(f"{notes}-")
    while partition is not None and partition < last:
        await table.delete(partition, [row.key async for row in table.read(partition)])
        partition = await table.next_partition(f"{partition}~")
