"""Polls one queue for one function, with the rules of Azure's storage extension.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#polling-algorithm
https://github.com/Azure/azure-sdk-for-net (QueueListener.cs)
"""

import asyncio
import logging
import random
from collections.abc import Mapping
from datetime import UTC, datetime

from azure.storage.queue import QueueMessage

from dev.host.application import IndexedFunction
from dev.host.host_file import SHORTEST_POLL, QueueOptions
from dev.host.invocation import Invoker
from dev.host.leased_queue import LeasedQueue
from dev.host.pause import pause
from dev.host.queue_account import resolve
from dev.host.queue_message import decode_content, message_for_function, message_from_text

log = logging.getLogger("dev.host")

DEFAULT_CONNECTION = "AzureWebJobsStorage"


class QueueTrigger:
    """One function and `source`, the queue that it serves; `lease` is in seconds."""

    def __init__(
        self,
        function: IndexedFunction,
        settings: Mapping[str, str],
        options: QueueOptions,
        lease: int,
        invoker: Invoker,
    ) -> None:
        """Raises ConnectionSettingError when the settings do not lead to a storage account."""
        self.source = resolve(function.trigger["queueName"], settings)
        connection = function.trigger["connection"] or DEFAULT_CONNECTION
        self._queue = LeasedQueue(settings, connection, self.source, options, lease)
        self._function = function
        self._options = options
        self._lease = lease
        self._invoker = invoker
        self._stopping = asyncio.Event()
        self._room = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()

    async def create_queues(self) -> None:
        """Create the queue and its poison queue, where they are missing."""
        await self._queue.create()

    async def run(self) -> None:
        """Poll until `stop` is called and the messages in flight are done."""
        try:
            await self._poll()
            if self._in_flight:
                await asyncio.wait(self._in_flight)
        finally:
            for task in self._in_flight:
                task.cancel()
            await asyncio.gather(*self._in_flight, return_exceptions=True)
            await self._queue.close()

    def stop(self) -> None:
        """Take no further message."""
        self._stopping.set()
        self._room.set()

    async def run_now(self, text: str) -> None:
        """Run the function on `text`, past the queue."""
        message = message_from_text(text, datetime.now(UTC))
        await self._invoker.invoke_and_log(self._function, message)

    async def _poll(self) -> None:
        empty_polls = 0
        while not self._stopping.is_set():
            messages = await self._queue.fetch()
            for message in messages:
                task = asyncio.create_task(self._serve(message))
                self._in_flight.add(task)
                task.add_done_callback(self._finished)
            if messages:
                empty_polls = 0
                await self._wait_for_room()
            else:
                await pause(self._stopping, backoff(empty_polls, self._options))
                empty_polls += 1

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if len(self._in_flight) <= self._options.new_batch_threshold:
            self._room.set()

    async def _wait_for_room(self) -> None:
        while (
            len(self._in_flight) > self._options.new_batch_threshold and not self._stopping.is_set()
        ):
            self._room.clear()
            await self._room.wait()

    async def _serve(self, message: QueueMessage) -> None:
        try:
            body = decode_content(message.content, is_base64=self._options.base64)
        except ValueError:
            await self._queue.put_aside(message)
            return
        # more deliveries than attempts: workers died with it
        if (message.dequeue_count or 0) > self._options.max_dequeue_count:
            await self._queue.put_aside(message)
            return
        succeeded = await self._call_and_renew(message, body)
        await self._queue.settle(message, succeeded=succeeded)

    async def _call_and_renew(self, message: QueueMessage, body: bytes) -> bool:
        """Run the function; the lease is renewed each time half of it has passed."""
        call = asyncio.create_task(self._call(message, body))
        try:
            while not call.done():
                await asyncio.wait({call}, timeout=self._lease / 2)
                if not call.done():
                    await self._queue.renew(message)
            return call.result()
        finally:
            call.cancel()

    async def _call(self, message: QueueMessage, body: bytes) -> bool:
        try:
            argument = message_for_function(message, body)
            await self._invoker.invoke_for_effect(self._function, argument)
        except Exception:
            log.exception(
                "%s failed on message %s, attempt %s of %s",
                self._function.name,
                message.id,
                message.dequeue_count,
                self._options.max_dequeue_count,
            )
            return False
        return True


def backoff(empty_polls: int, options: QueueOptions) -> float:
    """Return the seconds to wait after so many polls in a row found nothing."""
    doubled: float = SHORTEST_POLL * 2 ** min(empty_polls, 16)
    delay = doubled * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
    return min(max(delay, SHORTEST_POLL), options.max_polling_interval)
