"""A storage queue and its poison queue: what the storage extension does to messages.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages
https://github.com/Azure/azure-sdk-for-net (QueueProcessor.cs, QueueListener.cs)
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TypeVar

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from dev.host.application import IndexedFunction
from dev.host.errors import StorageOutOfReachError
from dev.host.host_file import QueueOptions
from dev.host.queue_account import open_queue, resolve
from dev.host.storage_tries import Tries, is_server_error

log = logging.getLogger("dev.host")

DEFAULT_CONNECTION = "AzureWebJobsStorage"
POISON = "-poison"
MAX_NAME_CHARACTERS = 63
POISON_LIFE_SECONDS = 7 * 24 * 3600
LOST_LEASE = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)

Answer = TypeVar("Answer")


class LeasedQueue:
    """Takes messages for `lease` seconds, renews their leases and settles them.

    Every method raises StorageOutOfReachError where the real host ends.
    """

    def __init__(
        self,
        queue: QueueClient,
        poison: QueueClient | None,
        options: QueueOptions,
        lease: int,
        tries: Tries,
    ) -> None:
        """Without `poison` this is a poison queue: what fails stays hidden until its lease ends."""
        self.name = queue.queue_name
        self.options = options
        self.lease = lease
        self._queue = queue
        self._poison = poison
        self._tries = tries
        self.is_reachable = True

    def takes_any_count(self) -> bool:
        """Whether a message is delivered however often it was: so on a poison queue.

        Since storage extension 5.3.8; before that never again after five deliveries.
        """
        return self._poison is None

    async def create(self) -> bool:
        """Create both queues where they are missing; return whether Azure would not have.

        Azure creates a poison queue with the first message that fails, and no other queue.
        """
        has_created = await self._create(self._queue)
        if self._poison is not None:
            await self._create(self._poison)
        return has_created and not self.name.endswith(POISON)

    async def fetch(self) -> list[QueueMessage]:
        """Take at most a batch; a server's error is logged once, and looks like an empty queue."""
        try:
            messages = await self._request(self._receive)
        except ResourceNotFoundError:  # deleted while the host runs
            await self.create()
            return []
        except HttpResponseError as error:
            if is_server_error(error) or error.status_code == HTTPStatus.CONFLICT:
                return []
            raise self._out_of_reach(error) from error
        return messages

    async def renew(self, message: QueueMessage) -> bool:
        """Lease `message` again, which changes its receipt; False means the lease is lost."""
        return await self._settled(lambda: self._hide(message, self.lease))

    async def settle(self, message: QueueMessage, *, succeeded: bool) -> None:
        """Delete what succeeded; release what failed, or move it away after the last attempt."""
        if succeeded:
            is_done = await self._settled(lambda: self._queue.delete_message(message))
        elif self._poison is None:
            return
        elif (message.dequeue_count or 0) >= self.options.max_dequeue_count:
            await self.put_aside(message)
            return
        else:
            is_done = await self._settled(lambda: self._hide(message, self.options.retry_delay))
        if not is_done:
            log.warning("queue %s: the lease of message %s had ended", self.name, message.id)

    async def put_aside(self, message: QueueMessage) -> None:
        """Move a message to the poison queue: copy, then delete; an end in between leaves both."""
        poison = self._poison
        if poison is None:
            return
        log.warning("queue %s: message %s goes to %s%s", self.name, message.id, self.name, POISON)

        try:
            try:
                await self._copy(message, poison)
            except ResourceNotFoundError:
                await self._create(poison)
                await self._copy(message, poison)
        except HttpResponseError as error:
            raise self._out_of_reach(error) from error
        await self._settled(lambda: self._queue.delete_message(message))

    async def close(self) -> None:
        """Close the connections."""
        for client in filter(None, (self._queue, self._poison)):
            await client.close()

    async def _receive(self) -> list[QueueMessage]:
        pages = self._queue.receive_messages(
            messages_per_page=self.options.batch_size, visibility_timeout=self.lease
        ).by_page()
        page = await anext(pages, None)  # one page is one request; none when the queue is empty
        return [message async for message in page] if page else []

    async def _copy(self, message: QueueMessage, poison: QueueClient) -> None:
        await self._request(
            lambda: poison.send_message(message.content, time_to_live=POISON_LIFE_SECONDS)
        )

    async def _hide(self, message: QueueMessage, seconds: int) -> None:
        renewed = await self._queue.update_message(message, visibility_timeout=seconds)
        message.pop_receipt = renewed.pop_receipt

    async def _create(self, client: QueueClient) -> bool:
        try:
            await self._request(client.get_queue_properties)
        except ResourceNotFoundError:
            return await self._settled(client.create_queue)
        except HttpResponseError as error:
            raise self._out_of_reach(error) from error
        return False

    async def _settled(self, request: Callable[[], Awaitable[object]]) -> bool:
        """Make a request; False means that it came too late.

        The message, its lease or its queue is gone, or somebody else has created the queue. For
        that, storage answers 204.
        """
        try:
            await self._request(request)
        except ResourceExistsError:
            return False
        except HttpResponseError as error:
            if error.status_code in LOST_LEASE:
                return False
            raise self._out_of_reach(error) from error
        return True

    async def _request(self, request: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            answer = await self._tries.run(request, self._report)
        except HttpResponseError:
            raise
        except AzureError as error:
            raise self._out_of_reach(error) from error
        if not self.is_reachable:
            self.is_reachable = True
            log.info("queue %s: reachable again", self.name)
        return answer

    def _report(self, error: AzureError) -> None:
        if self.is_reachable:
            self.is_reachable = False
            log.error("queue %s: cannot be reached: %s", self.name, _first_line(error))

    def _out_of_reach(self, error: AzureError) -> StorageOutOfReachError:
        return StorageOutOfReachError(f"queue {self.name}: {_first_line(error)}")


def open_leased_queue(
    function: IndexedFunction,
    settings: Mapping[str, str],
    options: QueueOptions,
    lease: int,
    tries: Tries | None = None,
) -> LeasedQueue:
    """Open the queue that a function's trigger names, and its poison queue.

    Raises:
        ConnectionSettingError: the settings do not lead to a storage account.
    """
    name = resolve(function.trigger["queueName"], settings)
    connection = function.trigger["connection"] or DEFAULT_CONNECTION
    has_poison = not name.endswith(POISON) and len(name + POISON) <= MAX_NAME_CHARACTERS
    return LeasedQueue(
        open_queue(settings, connection, name),
        open_queue(settings, connection, name + POISON) if has_poison else None,
        options,
        lease,
        tries or Tries(),
    )


def _first_line(error: AzureError) -> str:
    return str(error).partition("\n")[0]
