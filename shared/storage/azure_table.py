"""The rows on Azure Table Storage.

Limits: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final, TypeVar

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.data.tables.aio import TableClient

from shared.errors import StorageUnavailableError
from shared.storage.pipeline import open_transport
from shared.storage.table import Row, after_prefix
from shared.storage.table_requests import RefusedError, Step, TableRequests, literal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from azure.core.credentials_async import AsyncTokenCredential

    from shared.settings import Settings

T = TypeVar("T")

# One property holds 64 KiB of UTF-16; a character outside the basic plane takes four bytes.
_CHUNK: Final = 16_000
_TRANSACTION: Final = 100
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_NO_TABLE: Final = "TableNotFound"
_PAST_EVERY_NAME: Final = "~~"
_PATIENCE_SECONDS: Final = 20.0


def open_table(
    settings: Settings,
    name: str,
    identity: Callable[[], AsyncTokenCredential],
    *,
    patience: float = _PATIENCE_SECONDS,
) -> AzureTable:
    """Return the table `name` of the storage that the settings choose; nothing is sent yet."""
    transport = open_transport()
    if settings.message_storage:
        client = TableClient.from_connection_string(
            settings.message_storage, name, transport=transport
        )
    else:
        client = TableClient(
            settings.message_storage_table_uri or "",
            name,
            credential=identity(),
            transport=transport,
        )
    return AzureTable(client, TableRequests(client, transport), patience=patience)


class AzureTable:
    """Rows in one Azure table, which is created when it turns out to be missing.

    `patience` is how many seconds one step may take, its repeats included.
    """

    def __init__(self, client: TableClient, requests: TableRequests, *, patience: float) -> None:
        self._client = client
        self._requests = requests
        self._patience = patience

    async def get(self, partition: str, key: str) -> str | None:
        try:
            async with _answering(self._patience):
                return _join(await self._requests.get(partition, key))
        except RefusedError:
            return None

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        condition = f"PartitionKey eq {literal(partition)} and RowKey ge {literal(first)}"
        if last is not None:
            condition += f" and RowKey lt {literal(last)}"
        async with aclosing(self._requests.query(condition, page=page)) as pages:
            while (entities := await self._next_page(pages)) is not None:
                for entity in entities:
                    yield Row(entity["PartitionKey"], entity["RowKey"], _join(entity))

    def prefix(self, partition: str, start: str, *, page: int = 1000) -> AsyncIterator[Row]:
        return self.range(partition, start, after_prefix(start), page=page)

    async def next_partition(self, first: str = "") -> str | None:
        condition = f"PartitionKey ge {literal(first)}"
        query = self._requests.query(condition, page=1, select="PartitionKey")
        # A page can be empty and yet have a successor: the service ends it at its own borders.
        async with aclosing(query) as pages:
            while (entities := await self._next_page(pages)) is not None:
                for entity in entities:
                    return entity["PartitionKey"]
        return None

    async def insert(self, row: Row) -> bool:
        return await self._write(lambda: self._requests.insert(_entity(row)), _CONFLICT)

    async def transaction(self, row: Row, beside: Sequence[Row]) -> bool:
        if not beside:
            return await self.insert(row)
        puts = [_step("PUT", each) for each in beside]
        first = _TRANSACTION - 1
        for start in range(first, len(puts), _TRANSACTION):
            await self._submit(puts[start : start + _TRANSACTION])
        return await self._submit([_step("POST", row), *puts[:first]])

    async def replace(self, row: Row) -> bool:
        return await self._write(
            lambda: self._requests.replace(row.partition, row.key, _entity(row)), _NOT_FOUND
        )

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        left = list(dict.fromkeys(keys))
        while left:
            steps = [Step("DELETE", partition, key) for key in left[:_TRANSACTION]]
            try:
                async with _answering(self._patience):
                    await self._requests.submit(steps)
            except RefusedError as error:
                if error.code == _NO_TABLE:
                    return
                # One row that is gone fails a whole transaction, which is repeated without it.
                del left[error.index]
            else:
                del left[:_TRANSACTION]

    async def check(self) -> None:
        condition = f"PartitionKey ge {literal(_PAST_EVERY_NAME)}"

        async def look() -> None:
            async with aclosing(self._requests.query(condition, page=1)) as pages:
                await anext(pages)

        await self._write(look, _CONFLICT)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def _submit(self, steps: Sequence[Step]) -> bool:
        return await self._write(lambda: self._requests.submit(steps), _CONFLICT)

    async def _write(self, step: Callable[[], Awaitable[object]], no: int) -> bool:
        """Take a step; return False where the service answers with the status `no`."""
        try:
            await self._with_table(step)
        except RefusedError as error:
            if error.status != no:
                raise StorageUnavailableError(f"table: {error}") from error
            return False
        return True

    async def _next_page(
        self, pages: AsyncIterator[list[dict[str, str]]]
    ) -> list[dict[str, str]] | None:
        """Return the next page of a query; None after the last one, or where there is no table."""
        try:
            async with _answering(self._patience):
                return await anext(pages, None)
        except RefusedError:
            return None

    async def _with_table(self, step: Callable[[], Awaitable[T]]) -> T:
        """Take one step; where the table is missing, create it and take the step again."""
        async with _answering(self._patience):
            try:
                return await step()
            except RefusedError as error:
                if error.code != _NO_TABLE:
                    raise
                with suppress(ResourceExistsError):
                    await self._client.create_table()
                return await step()


@asynccontextmanager
async def _answering(patience: float) -> AsyncIterator[None]:
    """Turn every way in which the table fails to answer, silence included, into one error.

    What is there already, and what is not there, are answers.
    """
    try:
        async with asyncio.timeout(patience):
            yield
    except RefusedError as error:
        if error.status in (_CONFLICT, _NOT_FOUND):
            raise
        raise StorageUnavailableError(f"table: {error}") from error
    except (AzureError, TimeoutError) as error:
        raise StorageUnavailableError(f"table: {type(error).__name__}") from error


def _step(method: str, row: Row) -> Step:
    return Step(method, row.partition, row.key, _entity(row))


def _entity(row: Row) -> dict[str, str]:
    chunks = {
        f"text{start // _CHUNK or ''}": row.text[start : start + _CHUNK]
        for start in range(0, len(row.text) or 1, _CHUNK)
    }
    return {"PartitionKey": row.partition, "RowKey": row.key, **chunks}


def _join(entity: dict[str, str]) -> str:
    parts = [entity["text"]]
    while (more := entity.get(f"text{len(parts)}")) is not None:
        parts.append(more)
    return "".join(parts)
