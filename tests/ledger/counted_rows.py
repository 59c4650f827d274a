"""A table that counts what is read of it."""

from collections.abc import AsyncIterator

from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row


class CountedRows(MemoryTable):
    """Rows that count how many of them are read."""

    def __init__(self) -> None:
        super().__init__()
        self.read_rows = 0
        self.asked = 0

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        self.asked += 1
        async for row in super().range(partition, first, last, page=page):
            self.read_rows += 1
            yield row
