"""How far a repeated task has come: a log of marks for each, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shared.jobs import ids
from shared.ledger import schema
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from shared.storage.table import Table


class Marks:
    """The marks of one task in one table; `partition` is the task's own."""

    def __init__(self, table: Table, partition: str = schema.RECONCILED.place()) -> None:
        self._table = table
        self._partition = partition

    async def newest(self) -> datetime | None:
        """Return up to when everything was done, if anything ever was."""
        async for row in self._table.range(self._partition, page=1):
            return datetime.fromisoformat(row.text)
        return None

    async def set(self, at: datetime) -> None:
        """Mark that everything up to `at` was done."""
        await self._table.insert(Row(self._partition, ids.moment_key(at), at.isoformat()))

    async def forget(self, before: datetime) -> None:
        """Delete old marks, but the newest, which says where to go on."""
        newest = await self.newest()
        oldest_kept = before if newest is None else min(before, newest)
        after = just_after(ids.moment_key(oldest_kept))
        old = [row.key async for row in self._table.range(self._partition, after)]
        await self._table.delete(self._partition, old)
