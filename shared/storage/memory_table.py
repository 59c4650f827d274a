"""The table in a dict, for tests and for trying things: the same contract as the real one."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from shared.storage.table import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class MemoryTable:
    """Rows that live as long as the process."""

    def __init__(self) -> None:
        self._partitions: dict[str, dict[str, str]] = {}
        self._names: list[str] = []

    async def insert(self, row: Row) -> bool:
        if row.partition not in self._partitions:
            insort(self._names, row.partition)
        rows = self._partitions.setdefault(row.partition, {})
        if row.key in rows:
            return False
        rows[row.key] = row.text
        return True

    async def read(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        del page
        rows = self._partitions.get(partition, {})
        for key in sorted(key for key in rows if first <= key and (last is None or key < last)):
            yield Row(partition, key, rows[key])

    async def next_partition(self, partition: str) -> str | None:
        at = bisect_left(self._names, partition)
        return self._names[at] if at < len(self._names) else None

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        rows = self._partitions.get(partition, {})
        for key in keys:
            rows.pop(key, None)
        if partition in self._partitions and not rows:
            del self._partitions[partition]
            self._names.remove(partition)

    async def check(self) -> None:
        return None
