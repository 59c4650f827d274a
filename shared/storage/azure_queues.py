"""The queues on Azure Queue Storage."""

from __future__ import annotations

import asyncio
import base64
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

from shared.errors import StorageUnavailableError
from shared.storage.pipeline import open_transport
from shared.storage.queue_requests import QueueRequests
from shared.storage.queues import (
    INBOUND_QUEUE,
    MAX_DELAY,
    NO_DELAY,
    POISON_OF_LANE,
    QUEUE_OF_LANE,
    PoisonMessage,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from azure.core.credentials_async import AsyncTokenCredential
    from azure.storage.queue import QueueMessage

    from shared.settings import Settings

T = TypeVar("T")

# So many messages at most are taken from each poison queue in one run, for so long.
_MAX_POISON: Final = 32
_POISON_LEASE_SECONDS: Final = 60
CLIENT_OPTIONS: Final[dict[str, Any]] = {
    "retry_total": 2,
    # The library's own waits come to ten seconds, in which a caller would wait for its 503.
    "initial_backoff": 0.3,
    "increment_base": 0.5,
    "random_jitter_range": 0.2,
    "connection_timeout": 5,
    "read_timeout": 8,
    # Or every request waits for two threads, which look for a proxy and for a .netrc.
    "use_env_settings": False,
}


def open_queues(settings: Settings, identity: Callable[[], AsyncTokenCredential]) -> AzureQueues:
    """Return the queues of the storage that the settings choose; nothing is sent yet."""

    def open_queue(name: str) -> QueueClient:
        if settings.message_storage:
            return QueueClient.from_connection_string(
                settings.message_storage, name, **CLIENT_OPTIONS
            )
        uri = settings.message_storage_queue_uri or ""
        return QueueClient(uri, name, credential=identity(), **CLIENT_OPTIONS)

    return AzureQueues(open_queue)


class AzureQueues:
    """Queues of a storage account, each created when it turns out to be missing.

    `patience` is how many seconds one step may take, its repeats included.
    """

    def __init__(self, open_queue: Callable[[str], QueueClient], *, patience: float = 20.0) -> None:
        self._queues = {name: open_queue(name) for name in (*QUEUE_OF_LANE.values(), INBOUND_QUEUE)}
        self._poison = {name: open_queue(name) for name in POISON_OF_LANE.values()}
        self._transport = open_transport()
        self._requests = {
            name: QueueRequests(client, self._transport) for name, client in self._queues.items()
        }
        self._patience = patience

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        # Base64, as most SDKs write it: nothing in it needs escaping in the service's XML.
        text = base64.b64encode(message).decode()
        # Rounded up: a message that comes too early only goes back again.
        seconds = max(0, math.ceil(min(delay, MAX_DELAY).total_seconds()))
        await self._with_queue(
            self._queues[queue], lambda: self._requests[queue].put(text, seconds)
        )

    async def lengths(self) -> dict[str, int]:
        found = await asyncio.gather(
            *(self._with_queue(q, q.get_queue_properties) for q in self._queues.values())
        )
        return {
            name: properties.approximate_message_count or 0
            for name, properties in zip(self._queues, found, strict=True)
        }

    async def oldest(self) -> dict[str, datetime | None]:
        found = await asyncio.gather(
            *(self._with_queue(q, q.peek_messages) for q in self._queues.values())
        )
        return {
            name: messages[0].inserted_on if messages else None
            for name, messages in zip(self._queues, found, strict=True)
        }

    async def take_poison(self) -> list[PoisonMessage]:
        taken: list[PoisonMessage] = []
        for name, client in self._poison.items():

            async def receive(client: QueueClient = client) -> list[QueueMessage]:
                messages = client.receive_messages(
                    max_messages=_MAX_POISON, visibility_timeout=_POISON_LEASE_SECONDS
                )
                return [message async for message in messages]

            taken += [
                PoisonMessage(
                    name, m.id, m.inserted_on, str(m.content).encode(), m.pop_receipt or ""
                )
                for m in await self._with_queue(client, receive)
            ]
        return taken

    async def delete_poison(self, message: PoisonMessage) -> None:
        client = self._poison[message.queue]

        async def delete() -> None:
            with suppress(ResourceNotFoundError):
                await client.delete_message(message.id, message.receipt)

        await self._with_queue(client, delete)

    async def close(self) -> None:
        """Give the connections back."""
        for client in (*self._queues.values(), *self._poison.values()):
            await client.close()
        await self._transport.close()

    async def _with_queue(self, client: QueueClient, step: Callable[[], Awaitable[T]]) -> T:
        """Take one step; where the queue is missing, create it and take the step again."""
        try:
            async with asyncio.timeout(self._patience):
                try:
                    return await step()
                except ResourceNotFoundError:
                    with suppress(ResourceExistsError):
                        await client.create_queue()
                    return await step()
        except (AzureError, TimeoutError) as error:
            raise StorageUnavailableError(f"queue: {type(error).__name__}") from error
