"""The baseline for storage: the calls that a function needs, through the libraries alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

from azure.data.tables.aio import TableClient
from azure.storage.queue.aio import QueueClient

TABLE: Final = "bare"
QUEUE: Final = "bare"
ROW: Final = "x" * 400
MESSAGE: Final = "x" * 600
PARTITIONS: Final = 16


class StorageCalls:
    """A table and a queue of their own, with clients opened as the app opens its own."""

    def __init__(self, table: TableClient, queue: QueueClient) -> None:
        self._table = table
        self._queue = queue
        self._numbers = count()

    async def insert(self, _: object = None) -> None:
        """Insert one row, about as long as a row of the ledger."""
        number = next(self._numbers)
        row = {"PartitionKey": f"bare{number % PARTITIONS:x}", "RowKey": f"{number:017}.row"}
        await self._table.create_entity({**row, "text": ROW})

    async def put(self) -> None:
        """Put one message, about as long as a job."""
        await self._queue.send_message(MESSAGE, time_to_live=-1)

    async def both(self) -> None:
        """Insert one row and put one message, concurrently."""
        await asyncio.gather(self.insert(), self.put())


@asynccontextmanager
async def open_storage_calls(storage: str) -> AsyncIterator[StorageCalls]:
    """Create the table and the queue."""
    async with (
        TableClient.from_connection_string(storage, TABLE, use_env_settings=False) as table,
        QueueClient.from_connection_string(storage, QUEUE, use_env_settings=False) as queue,
    ):
        await table.create_table()
        await queue.create_queue()
        yield StorageCalls(table, queue)
