"""The table in a dict, for tests and for trying things: the same contract as the real one."""

from __future__ import annotations

from bisect import bisect_left, insort
from typing import TYPE_CHECKING

from shared.storage.table import Row, after_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class MemoryTable:
    """Rows that live as long as the process."""

    def __init__(self) -> None:
        self._partitions: dict[str, dict[str, str]] = {}
        self._names: list[str] = []

    async def get(self, partition: str, key: str) -> str | None:
        return self._partitions.get(partition, {}).get(key)

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        del page
        rows = self._partitions.get(partition, {})
        for key in sorted(key for key in rows if first <= key and (last is None or key < last)):
            # A row that was deleted while the caller looked at another one is not read.
            if key in rows:
                yield Row(partition, key, rows[key])

    def prefix(self, partition: str, start: str, *, page: int = 1000) -> AsyncIterator[Row]:
        return self.range(partition, start, after_prefix(start), page=page)

    async def next_partition(self, first: str = "") -> str | None:
        at = bisect_left(self._names, first)
        return self._names[at] if at < len(self._names) else None

    async def insert(self, row: Row) -> bool:
        if row.key in self._partitions.get(row.partition, ()):
            return False
        self._put(row)
        return True

    async def transaction(self, row: Row, beside: Sequence[Row]) -> bool:
        if not await self.insert(row):
            return False
        for each in beside:
            self._put(each)
        return True

    async def replace(self, row: Row) -> bool:
        if await self.get(row.partition, row.key) is None:
            return False
        self._put(row)
        return True

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        rows = self._partitions.get(partition, {})
        for key in keys:
            rows.pop(key, None)
        if partition in self._partitions and not rows:
            del self._partitions[partition]
            self._names.remove(partition)

    async def check(self) -> None:
        return None

    def _put(self, row: Row) -> None:
        if row.partition not in self._partitions:
            insort(self._names, row.partition)
        self._partitions.setdefault(row.partition, {})[row.key] = row.text
