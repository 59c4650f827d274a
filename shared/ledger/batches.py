"""Batches: one row each, and what has become of the jobs whose ids follow from its own."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs import ids
from shared.kinds import Kind, Lane
from shared.ledger.listing import entries_in_range
from shared.storage.table import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.jobs.fold import Entry
    from shared.storage.table import Table

PARTITION: Final = "~batch-"
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
        """Note a batch whose jobs are about to be kept."""
        await self._table.insert(_row(batch.id, text=msgspec.json.encode(batch).decode()))

    async def end(self, batch_id: str) -> None:
        """Note that all jobs of a batch are kept."""
        await self._table.insert(_row(batch_id, _KEPT))

    async def is_kept(self, batch_id: str) -> bool:
        """Whether all jobs of a batch are kept."""
        return await self._text(_row(batch_id, _KEPT)) is not None

    async def find(self, batch_id: str) -> Batch | None:
        """A batch by its id."""
        text = await self._text(_row(batch_id))
        return None if text is None else msgspec.json.decode(text, type=Batch)

    async def newest(self, limit: int) -> list[Batch]:
        """The newest batches, newest first."""
        found: list[Batch] = []
        async for batch in self._from(PARTITION, page=2 * limit):
            found.append(batch)
            if len(found) == limit:
                break
        return found

    async def entries(self, batch_id: str) -> list[Entry]:
        """What is known of the jobs of a batch, in their order."""
        rows = ids.batch_rows(batch_id)

        async def shard(partition: str) -> list[Entry]:
            return [
                each async for each in entries_in_range(self._table, partition, rows, f"{rows}~")
            ]

        shards = ids.partitions(batch_id[:4])
        found = await asyncio.gather(*(shard(partition) for partition in shards))
        return sorted((each for part in found for each in part), key=lambda e: ids.row(e.id))

    async def over(self, before: datetime) -> AsyncIterator[Batch]:
        """The batches of days before `before` of whose jobs nothing is known any more."""
        async for batch in self._from(f"{PARTITION}{ids.day_key(before)}~"):
            if not await self.entries(batch.id):
                yield batch

    async def forget(self, batch_id: str) -> None:
        """Delete what is kept of a batch itself."""
        keys = [_row(batch_id, suffix).key for suffix in ("", _KEPT)]
        await self._table.delete(_row(batch_id).partition, keys)

    async def _from(self, partition: str, *, page: int = 1000) -> AsyncIterator[Batch]:
        """The batches from a partition on, newest first."""
        found = await self._table.next_partition(partition)
        while found is not None and found.startswith(PARTITION):
            async for row in self._table.read(found, page=page):
                if not row.key.endswith(_KEPT):
                    yield msgspec.json.decode(row.text, type=Batch)
            found = await self._table.next_partition(f"{found}~")

    async def _text(self, row: Row) -> str | None:
        async for found in self._read(row):
            return found.text
        return None

    def _read(self, row: Row) -> AsyncIterator[Row]:
        return self._table.read(row.partition, row.key, f"{row.key}!", page=1)


def _row(batch_id: str, suffix: str = "", text: str = "") -> Row:
    return Row(f"{PARTITION}{batch_id[:4]}", f"{ids.row(batch_id)}{suffix}", text)
