"""Batches: one row each, and what has become of the jobs whose ids follow from its own."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.jobs import ids
from shared.kinds import Kind, Lane
from shared.ledger import schema
from shared.ledger.listing import entries_in_range
from shared.storage.table import Row, after_prefix, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from shared.jobs.fold import Entry
    from shared.storage.table import Table

_KEPT: Final = ".kept"


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """What was accepted as one: `count` recipients in `jobs` jobs."""

    id: str
    at: datetime
    kind: Kind
    lane: Lane
    count: int
    jobs: int
    duplicates: int
    skipped: int
    send_at: datetime | None = None
    metadata: dict[str, str] | None = None
    key: str | None = None
    name: str | None = None


class Batches:
    """The batches in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def begin(self, batch: Batch) -> None:
        """Record a batch whose jobs are about to be kept."""
        await self._table.insert(_row(batch.id, text=msgspec.json.encode(batch).decode()))

    async def end(self, batch_id: str) -> None:
        """Record that all jobs of a batch are kept."""
        await self._table.insert(_row(batch_id, _KEPT))

    async def is_kept(self, batch_id: str) -> bool:
        """Return whether all jobs of a batch are kept."""
        row = _row(batch_id, _KEPT)
        return await self._table.get(row.partition, row.key) is not None

    async def find(self, batch_id: str) -> Batch | None:
        """Return a batch by its id."""
        row = _row(batch_id)
        text = await self._table.get(row.partition, row.key)
        return None if text is None else msgspec.json.decode(text, type=Batch)

    async def newest(self, limit: int) -> list[Batch]:
        """Return the newest batches, newest first."""
        found: list[Batch] = []
        async for batch in self._from(schema.BATCHES.first, page=2 * limit):
            found.append(batch)
            if len(found) == limit:
                break
        return found

    async def accepted_between(self, first: datetime, last: datetime) -> list[Batch]:
        """Return the batches that were accepted from `first` on and before `last`, in order."""
        found: list[Batch] = []
        async for batch in self._from(schema.BATCHES.place(ids.day_key(last))):
            if batch.at < first:
                break
            if batch.at < last:
                found.append(batch)
        return found[::-1]

    async def redact(self, batch_id: str, remove: Callable[[Any], Any]) -> bool:
        """Replace a batch's metadata by what `remove` leaves; return False if that is all of it."""
        batch = await self.find(batch_id)
        if batch is None or (kept := remove(batch.metadata)) == batch.metadata:
            return False
        batch = msgspec.structs.replace(batch, metadata=kept)
        return await self._table.replace(_row(batch_id, text=msgspec.json.encode(batch).decode()))

    async def entries(self, batch_id: str) -> list[Entry]:
        """Return what is known of the jobs of a batch, in their order."""
        first = ids.batch_rows(batch_id)
        last = after_prefix(first)

        async def shard(partition: str) -> list[Entry]:
            return [each async for each in entries_in_range(self._table, partition, first, last)]

        shards = ids.partitions(batch_id[:4])
        found = await asyncio.gather(*(shard(partition) for partition in shards))
        return sorted((each for part in found for each in part), key=lambda e: ids.row(e.id))

    async def over(self, before: datetime) -> AsyncIterator[Batch]:
        """Yield the batches of days before that of `before` of whose jobs nothing is left."""
        async for batch in self._from(after_prefix(schema.BATCHES.place(ids.day_key(before)))):
            if not await self.entries(batch.id):
                yield batch

    async def forget(self, batch_id: str) -> None:
        """Delete the rows of a batch itself."""
        keys = [_row(batch_id, suffix).key for suffix in ("", _KEPT)]
        await self._table.delete(_row(batch_id).partition, keys)

    async def _from(self, partition: str, *, page: int = 1000) -> AsyncIterator[Batch]:
        """Yield the batches from a partition on, newest first."""
        found = await self._table.next_partition(partition)
        while found is not None and found.startswith(schema.BATCHES.first):
            async for row in self._table.range(found, page=page):
                if not row.key.endswith(_KEPT):
                    yield msgspec.json.decode(row.text, type=Batch)
            found = await self._table.next_partition(just_after(found))


def _row(batch_id: str, suffix: str = "", text: str = "") -> Row:
    return Row(schema.BATCHES.place(batch_id[:4]), f"{ids.row(batch_id)}{suffix}", text)
