"""How far the statuses were reconciled: a log of marks, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from shared.jobs import ids
from shared.ledger import schema
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from shared.storage.table import Table

_PARTITION: Final = schema.RECONCILED.place()


class Marks:
    """The marks in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def newest(self) -> datetime | None:
        """Up to when everything was reconciled, if anything ever was."""
        async for row in self._table.range(_PARTITION, page=1):
            return datetime.fromisoformat(row.text)
        return None

    async def set(self, at: datetime) -> None:
        """Mark that everything up to `at` was reconciled."""
        await self._table.insert(Row(_PARTITION, _key(at), at.isoformat()))

    async def forget(self, before: datetime) -> None:
        """Delete old marks, but the newest, which says where to go on."""
        newest = await self.newest()
        oldest_kept = before if newest is None else min(before, newest)
        after = just_after(_key(oldest_kept))
        old = [row.key async for row in self._table.range(_PARTITION, after)]
        await self._table.delete(_PARTITION, old)


def _key(at: datetime) -> str:
    return ids.day_key(at) + ids.time_key(at)
