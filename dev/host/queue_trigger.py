"""Polls one queue for one function, with the rules of Azure's storage extension.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue-trigger#polling-algorithm
https://github.com/Azure/azure-sdk-for-net (QueueListener.cs)
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import UTC, datetime

from azure.storage.queue import QueueMessage

from dev.host.application import IndexedFunction
from dev.host.errors import StorageOutOfReachError
from dev.host.host_file import MIN_POLL_SECONDS
from dev.host.invocation import Invoker
from dev.host.leased_queue import LeasedQueue
from dev.host.pause import pause
from dev.host.queue_message import decode_content, message_for_function, message_from_text

log = logging.getLogger("dev.host")

EndHost = Callable[[StorageOutOfReachError], None]


def _raise(error: StorageOutOfReachError) -> None:
    raise error


class QueueTrigger:
    """One function and the queue that it serves."""

    def __init__(
        self,
        function: IndexedFunction,
        queue: LeasedQueue,
        invoker: Invoker,
        end_host: EndHost = _raise,
    ) -> None:
        """`end_host` is called where the real host ends, and must not let anything go on."""
        self.source = queue.name
        self._queue = queue
        self._function = function
        self._invoker = invoker
        self._end_host = end_host
        self._stopping = asyncio.Event()
        self._has_room = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()

    @property
    def is_reachable(self) -> bool:
        """Whether storage answered the last request, or none was made yet."""
        return self._queue.is_reachable

    async def create_queues(self) -> bool:
        """Create the queue and its poison queue; return whether Azure would not have."""
        try:
            return await self._queue.create()
        except StorageOutOfReachError as error:
            self._end_host(error)
            return False

    async def run(self) -> None:
        """Poll until `stop` is called and the messages in flight are done."""
        try:
            await self._poll()
            if self._in_flight:
                await asyncio.wait(self._in_flight)
        except StorageOutOfReachError as error:
            self._end_host(error)
        finally:
            for task in self._in_flight:
                task.cancel()
            await asyncio.gather(*self._in_flight, return_exceptions=True)
            await self._queue.close()

    def stop(self) -> None:
        """Take no further message."""
        self._stopping.set()
        self._has_room.set()

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
                longest = self._queue.options.max_polling_interval
                await pause(self._stopping, poll_pause(empty_polls, longest, random.uniform))
                empty_polls += 1

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        if len(self._in_flight) <= self._queue.options.new_batch_threshold:
            self._has_room.set()

    async def _wait_for_room(self) -> None:
        threshold = self._queue.options.new_batch_threshold
        while len(self._in_flight) > threshold and not self._stopping.is_set():
            self._has_room.clear()
            await self._has_room.wait()

    async def _serve(self, message: QueueMessage) -> None:
        try:
            await self._deliver(message)
        except StorageOutOfReachError as error:
            self._end_host(error)

    async def _deliver(self, message: QueueMessage) -> None:
        options = self._queue.options
        is_spent = (message.dequeue_count or 0) > options.max_dequeue_count
        if is_spent and not self._queue.takes_any_count():
            await self._queue.put_aside(message)
            return
        try:
            body = decode_content(message.content, is_base64=options.base64)
        except ValueError:
            await self._queue.put_aside(message)
            return
        succeeded = await self._call_and_renew(message, body)
        await self._queue.settle(message, succeeded=succeeded)

    async def _call_and_renew(self, message: QueueMessage, body: bytes) -> bool:
        """Run the function while its lease is kept.

        A renewal under way when the function ends is not waited for: the message is then settled
        with a receipt that may be stale, and is delivered again, as in Azure.
        """
        call = asyncio.create_task(self._call(message, body))
        renewals = asyncio.create_task(self._keep_lease(message))
        try:
            await asyncio.wait({call, renewals}, return_when=asyncio.FIRST_COMPLETED)
            if not call.done():
                renewals.result()  # raises where the host ends; a lost lease ends nothing
                await asyncio.wait({call})
            return call.result()
        finally:
            renewals.cancel()
            call.cancel()

    async def _keep_lease(self, message: QueueMessage) -> None:
        is_ours = True
        while is_ours:
            await asyncio.sleep(self._queue.lease / 2)
            is_ours = await self._queue.renew(message)

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
                self._queue.options.max_dequeue_count,
            )
            return False
        return True


def poll_pause(empty_polls: int, longest: float, uniform: Callable[[float, float], float]) -> float:
    """Return the seconds to wait after an empty poll that follows `empty_polls` empty ones.

    About 0.1, 0.2, 0.3, 0.5, 0.9, 1.7 and so on, up to `longest`, host.json's maxPollingInterval.
    """
    if empty_polls == 0:
        return min(MIN_POLL_SECONDS, longest)
    added: float = uniform(0.8, 1.2) * MIN_POLL_SECONDS * 2 ** min(empty_polls - 1, 16)
    return min(MIN_POLL_SECONDS + added, longest)
