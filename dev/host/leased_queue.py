"""A storage queue and its poison queue: what the storage extension does to messages.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#poison-messages
https://github.com/Azure/azure-sdk-for-net (QueueProcessor.cs, QueueListenerFactory.cs)
"""

import logging
from collections.abc import Mapping

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage

from dev.host.host_file import QueueOptions
from dev.host.queue_account import open_queue

log = logging.getLogger("dev.host")

POISON = "-poison"
LONGEST_NAME = 63


class LeasedQueue:
    """Takes messages for `lease` seconds, and settles them; never raises for storage."""

    def __init__(
        self,
        settings: Mapping[str, str],
        connection: str,
        name: str,
        options: QueueOptions,
        lease: int,
    ) -> None:
        """Raises ConnectionSettingError when the settings do not lead to a storage account."""
        self.name = name
        self._queue = open_queue(settings, connection, name)
        # A poison queue has none of its own. What fails there stays hidden until its lease ends.
        has_poison = not name.endswith(POISON) and len(name + POISON) <= LONGEST_NAME
        self._poison = open_queue(settings, connection, name + POISON) if has_poison else None
        self._options = options
        self._lease = lease
        self._reachable = True

    async def create(self) -> None:
        """Create both queues where they are missing; in Azure the infrastructure does that."""
        try:
            await self._create()
        except AzureError as error:
            self._report(error)

    async def fetch(self) -> list[QueueMessage]:
        """Take at most a batch; an outage is logged once, and looks like an empty queue."""
        try:
            pages = self._queue.receive_messages(
                messages_per_page=self._options.batch_size, visibility_timeout=self._lease
            ).by_page()
            page = await anext(pages, None)  # one page is one request; none when it is empty
            messages = [message async for message in page] if page else []
        except ResourceNotFoundError:  # deleted under our feet, or storage was away at the start
            await self.create()
            return []
        except AzureError as error:
            self._report(error)
            return []
        if not self._reachable:
            self._reachable = True
            log.info("queue %s: reachable again", self.name)
        return messages

    async def renew(self, message: QueueMessage) -> None:
        """Start the lease of `message` anew, which changes its pop receipt."""
        try:
            renewed = await self._queue.update_message(message, visibility_timeout=self._lease)
            message.pop_receipt = renewed.pop_receipt
        except AzureError as error:
            self._warn(message, "its lease was not renewed", error)

    async def settle(self, message: QueueMessage, *, succeeded: bool) -> None:
        """Delete what succeeded; give back what failed, or move it away after the last attempt."""
        try:
            if succeeded:
                await self._queue.delete_message(message)
            elif (message.dequeue_count or 0) >= self._options.max_dequeue_count:
                await self._move_to_poison(message)
            elif self._poison:
                await self._queue.update_message(
                    message, visibility_timeout=self._options.retry_delay
                )
        except AzureError as error:
            # another worker took it over, or it comes back when its lease ends
            self._warn(message, "was not settled", error)

    async def put_aside(self, message: QueueMessage) -> None:
        """Move a message that must not reach the function to the poison queue."""
        try:
            await self._move_to_poison(message)
        except AzureError as error:
            self._warn(message, "was not moved to the poison queue", error)

    async def close(self) -> None:
        """Close the connections."""
        for client in filter(None, (self._queue, self._poison)):
            await client.close()

    async def _create(self) -> None:
        for client in filter(None, (self._queue, self._poison)):
            try:
                await client.create_queue()
            except ResourceExistsError:
                continue

    async def _move_to_poison(self, message: QueueMessage) -> None:
        """Copy, then delete: a crash between the two leaves both, as in Azure."""
        if self._poison is None:
            return
        log.warning("queue %s: message %s goes to %s%s", self.name, message.id, self.name, POISON)
        try:
            await self._poison.send_message(message.content)
        except ResourceNotFoundError:
            await self._create()
            await self._poison.send_message(message.content)
        await self._queue.delete_message(message)

    def _report(self, error: AzureError) -> None:
        if self._reachable:
            self._reachable = False
            log.error("queue %s: cannot be reached: %s", self.name, _first_line(error))

    def _warn(self, message: QueueMessage, what: str, error: AzureError) -> None:
        log.warning("queue %s: message %s %s: %s", self.name, message.id, what, _first_line(error))


def _first_line(error: AzureError) -> str:
    return str(error).partition("\n")[0]
