"""The rows on Azure Table Storage; the only module that imports its library.

Limits: https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableClient

from shared.errors import StorageUnavailableError
from shared.storage.table import Row, after_prefix

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
# What is there already, and what is not there: answers, though they come as errors.
_ANSWERS: Final = (_CONFLICT, _NOT_FOUND)
_PAST_EVERY_NAME: Final = "~~"
_CLIENT_OPTIONS: Final[dict[str, Any]] = {
    "retry_total": 2,
    "retry_backoff_factor": 0.2,
    "connection_timeout": 5,
    "read_timeout": 8,
    # Or every request waits for two threads, which look for a proxy and for a .netrc.
    "use_env_settings": False,
}
# The library repeats no POST whose connection broke, which one that was kept open now and then
# does. An insert that is made twice meets itself at the worst, and its caller knows that.
_AGAIN: Final[dict[str, Any]] = {"retry_on_methods": frozenset({"POST"})}
# The service sends the whole row back unless asked not to.
_INSERT_OPTIONS: Final[dict[str, Any]] = {**_AGAIN, "response_preference": "return-no-content"}


def open_table(
    settings: Settings, name: str, identity: Callable[[], AsyncTokenCredential]
) -> AzureTable:
    """The table `name` of the storage account that the settings choose; nothing is sent yet."""
    if settings.message_storage:
        client = TableClient.from_connection_string(
            settings.message_storage, name, **_CLIENT_OPTIONS
        )
    else:
        client = TableClient(
            settings.message_storage_table_uri or "",
            name,
            credential=identity(),
            **_CLIENT_OPTIONS,
        )
    return AzureTable(client)


class AzureTable:
    """Rows in one Azure table, which is created when it turns out to be missing.

    `patience` is how many seconds one step may take, the library's own repeats included.
    """

    def __init__(self, client: TableClient, *, patience: float = 20.0) -> None:
        self._client = client
        self._patience = patience

    async def get(self, partition: str, key: str) -> str | None:
        try:
            async with _answering(self._patience):
                return _joined(await self._client.get_entity(partition, key))
        except ResourceNotFoundError:
            return None

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        query = "PartitionKey eq @partition and RowKey ge @first"
        if last is not None:
            query += " and RowKey lt @last"
        pages = self._client.query_entities(
            query,
            parameters={"partition": partition, "first": first, "last": last},
            results_per_page=page,
        ).by_page()
        while True:
            entities = await self._next_page(pages)
            if entities is None:
                return
            for entity in entities:
                yield Row(entity["PartitionKey"], entity["RowKey"], _joined(entity))

    def prefix(self, partition: str, start: str, *, page: int = 1000) -> AsyncIterator[Row]:
        return self.range(partition, start, after_prefix(start), page=page)

    async def next_partition(self, first: str = "") -> str | None:
        pages = self._client.query_entities(
            "PartitionKey ge @first",
            parameters={"first": first},
            select=["PartitionKey"],
            results_per_page=1,
        ).by_page()
        # A page can be empty and yet have a successor: the service ends it at its own borders.
        while (entities := await self._next_page(pages)) is not None:
            for entity in entities:
                return str(entity["PartitionKey"])
        return None

    async def insert(self, row: Row) -> bool:
        entity = _entity(row)
        try:
            await self._with_table(lambda: self._client.create_entity(entity, **_INSERT_OPTIONS))
        except ResourceExistsError:
            return False
        return True

    async def transaction(self, row: Row, beside: Sequence[Row]) -> bool:
        if not beside:
            return await self.insert(row)
        puts = [("upsert", _entity(each), {"mode": UpdateMode.REPLACE}) for each in beside]
        first = _TRANSACTION - 1
        for start in range(first, len(puts), _TRANSACTION):
            await self._submit(puts[start : start + _TRANSACTION])
        try:
            await self._submit([("create", _entity(row)), *puts[:first]])
        except HttpResponseError as error:
            if error.status_code != _CONFLICT:
                raise
            return False
        return True

    async def replace(self, row: Row) -> bool:
        try:
            async with _answering(self._patience):
                await self._client.update_entity(_entity(row), mode=UpdateMode.REPLACE)
        except ResourceNotFoundError:
            return False
        return True

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        for start in range(0, len(keys), _TRANSACTION):
            part = keys[start : start + _TRANSACTION]
            try:
                async with _answering(self._patience):
                    await self._client.submit_transaction(
                        ("delete", {"PartitionKey": partition, "RowKey": key}) for key in part
                    )
            except HttpResponseError:
                # One row that is gone fails a whole transaction; one by one it does not matter.
                for key in part:
                    async with _answering(self._patience):
                        await self._client.delete_entity(partition, key)

    async def check(self) -> None:
        await self.next_partition(_PAST_EVERY_NAME)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.close()

    async def _submit(self, steps: Sequence[Any]) -> None:
        await self._with_table(lambda: self._client.submit_transaction(steps, **_AGAIN))

    async def _next_page(self, pages: AsyncIterator[Any]) -> list[Any] | None:
        async def fetch() -> list[Any]:
            return [entity async for entity in await anext(pages)]

        try:
            return await self._with_table(fetch)
        except StopAsyncIteration:
            return None

    async def _with_table(self, step: Callable[[], Awaitable[T]]) -> T:
        """Take one step; where the table is missing, create it and take the step again."""
        async with _answering(self._patience):
            try:
                return await step()
            except HttpResponseError as error:
                if error.status_code != _NOT_FOUND:
                    raise
                with suppress(ResourceExistsError):
                    await self._client.create_table()
                return await step()


@asynccontextmanager
async def _answering(patience: float) -> AsyncIterator[None]:
    """Turn every way in which the table fails to answer, silence included, into one error."""
    try:
        async with asyncio.timeout(patience):
            yield
    except (AzureError, TimeoutError) as error:
        if getattr(error, "status_code", None) in _ANSWERS:
            raise
        raise StorageUnavailableError(f"table: {type(error).__name__}") from error


def _entity(row: Row) -> dict[str, str]:
    return {"PartitionKey": row.partition, "RowKey": row.key, **_chunks(row.text)}


def _chunks(text: str) -> dict[str, str]:
    return {
        f"text{start // _CHUNK or ''}": text[start : start + _CHUNK]
        for start in range(0, len(text) or 1, _CHUNK)
    }


def _joined(entity: Any) -> str:  # noqa: ANN401 - the library's entities are untyped
    parts = [entity["text"]]
    while (more := entity.get(f"text{len(parts)}")) is not None:
        parts.append(more)
    return "".join(parts)
