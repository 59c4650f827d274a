"""Storage as servers, with leases and outages, and the way of a process to them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from inspect import getmembers, iscoroutinefunction
from random import Random
from typing import Any, Final, TypeVar

from dev.checkout import HERE
from dev.simulate import virtual_time
from dev.simulate.process import Process
from shared.errors import StorageUnavailableError
from shared.storage.memory_table import MemoryTable
from shared.storage.queues import MAX_DELAY, NO_DELAY, POISON_OF_LANE, PoisonMessage
from shared.storage.table import Row

T = TypeVar("T")

_QUEUES: Final = json.loads((HERE.root / "host.json").read_text("utf-8"))["extensions"]["queues"]
MAX_DEQUEUE_COUNT: Final[int] = _QUEUES["maxDequeueCount"]
RELEASE_SECONDS: Final = float(_QUEUES["visibilityTimeout"].rpartition(":")[2])
BATCH_SIZE: Final[int] = _QUEUES["batchSize"]
LEASE: Final = timedelta(seconds=600)
SHORT_LEASE_SECONDS: Final = 20.0
POISON_LEASE: Final = timedelta(seconds=60)  # of the app itself
POISON: Final = "-poison"
TRIES_SECONDS: Final = (1.0, 6.0)  # how long the library tries before it gives up


@dataclass
class Fault:
    """What one service does to requests, each as a share of them."""

    is_out: bool = False
    refused: float = 0.0  # answered 5xx, without effect
    lost: float = 0.0  # the answer is lost, after the effect
    repeated: float = 0.0  # the same, and the library repeats the request


class Service:
    """A server of storage, with its faults."""

    def __init__(self, random: Random) -> None:
        self.fault = Fault()
        self._random = random

    async def ask(self, process: Process, operate: Callable[[], T]) -> T:
        """Let a process ask for something; raises StorageUnavailableError where it gets no answer.

        The storage library tries for a while before it gives up, and repeats what got no answer.
        """
        kind = self._random.random()
        fault = self.fault
        if fault.is_out:
            await process.sleep(self._random.uniform(*TRIES_SECONDS))
            if self.fault.is_out:
                raise StorageUnavailableError("simulated outage")
        if kind < fault.refused:
            await process.sleep(self._random.uniform(*TRIES_SECONDS))
            raise StorageUnavailableError("simulated 503")
        kind -= fault.refused
        if kind < fault.repeated:
            await process.call(operate)
            await process.sleep(self._random.uniform(*TRIES_SECONDS))
            return await process.call(operate)
        kind -= fault.repeated
        result = await process.call(operate)
        if kind < fault.lost:
            await process.sleep(self._random.uniform(*TRIES_SECONDS))
            raise StorageUnavailableError("simulated loss of the answer")
        return result


@dataclass
class Message:
    """A message of a queue; each lease and each renewal gives it another receipt."""

    id: str
    queue: str
    body: bytes
    inserted_at: datetime
    visible_at: datetime
    dequeue_count: int = 0
    receipt: int = 0


class LostLeaseError(Exception):
    """The receipt is stale, or the message is gone."""


class QueueServer(Service):
    """The queue service; `on_delete` sees the body of each message that is gone."""

    def __init__(self, random: Random, on_delete: Callable[[bytes], None] = lambda _: None) -> None:
        super().__init__(random)
        self.messages: dict[str, Message] = {}
        self.short_leases = 0.0  # the share of leases that end at once, as after a long pause
        self._on_delete = on_delete
        self._waiting: dict[str, asyncio.Event] = {}
        self._count = 0

    def put(self, queue: str, body: bytes, delay: timedelta = NO_DELAY) -> Message:
        """Put a message."""
        self._count += 1
        now = virtual_time.now()
        visible_at = now + max(NO_DELAY, min(delay, MAX_DELAY))
        message = Message(f"message-{self._count}", queue, body, now, visible_at)
        self.messages[message.id] = message
        self._wake_at(message)
        return message

    def receive(self, queue: str, lease: timedelta = LEASE) -> list[tuple[Message, int]]:
        """Lease what is visible; give each message with its receipt."""
        now = virtual_time.now()
        visible = [m for m in self.messages.values() if m.queue == queue and m.visible_at <= now]
        leased = sorted(visible, key=lambda m: m.visible_at)[:BATCH_SIZE]
        for message in leased:
            message.dequeue_count += 1
            is_short = self._random.random() < self.short_leases
            seconds = self._random.uniform(0, SHORT_LEASE_SECONDS)
            self._hide(message, timedelta(seconds=seconds) if is_short else lease)
        return [(message, message.receipt) for message in leased]

    def update(self, message: Message, receipt: int, delay: timedelta) -> int:
        """Hide a leased message for so long; return the new receipt."""
        self._require(message, receipt)
        self._hide(message, delay)
        return message.receipt

    def delete(self, message: Message, receipt: int) -> None:
        """Delete a leased message."""
        self._require(message, receipt)
        del self.messages[message.id]
        self._on_delete(message.body)

    async def wait_for_message(self, queue: str) -> None:
        """Wait until a message of the queue is visible."""
        while True:
            now = virtual_time.now()
            times = [m.visible_at for m in self.messages.values() if m.queue == queue]
            if any(at <= now for at in times):
                return
            event = self._waiting.setdefault(queue, asyncio.Event())
            event.clear()
            await event.wait()

    def _require(self, message: Message, receipt: int) -> None:
        if self.messages.get(message.id) is not message or message.receipt != receipt:
            raise LostLeaseError

    def _hide(self, message: Message, delay: timedelta) -> None:
        message.receipt += 1
        message.visible_at = virtual_time.now() + delay
        self._wake_at(message)

    def _wake_at(self, message: Message) -> None:
        seconds = (message.visible_at - virtual_time.BEGIN).total_seconds()
        asyncio.get_running_loop().call_at(seconds + 1e-6, self._wake, message)

    def _wake(self, message: Message) -> None:
        if message.queue in self._waiting and message.visible_at <= virtual_time.now():
            self._waiting[message.queue].set()


class TableServer(Service):
    """The table service; `on_insert` sees each row that is new, `on_delete` each that is gone."""

    def __init__(
        self,
        random: Random,
        on_insert: Callable[[Row], None],
        on_delete: Callable[[Row], None] = lambda _: None,
    ) -> None:
        super().__init__(random)
        self.table = MemoryTable()
        self._on_insert = on_insert
        self._on_delete = on_delete

    def operate(self, name: str, args: tuple[Any, ...], named: dict[str, Any]) -> Any:  # noqa: ANN401 - any method's
        """Run a method of the table; of one that yields rows, return them all."""
        gone: list[Row] = []
        if name == "delete":
            partition, keys = args
            gone = [row for row in finish(self.table.range(partition)) if row.key in set(keys)]
        result = finish(getattr(self.table, name)(*args, **named))
        for row in gone:
            self._on_delete(row)
        if result is True and isinstance(args[0], Row):
            self._on_insert(args[0])
        return result


def finish(work: Any) -> Any:  # noqa: ANN401 - any method of a table in memory
    """Return what a coroutine or a generator that never waits gives."""
    if isinstance(work, AsyncIterator):
        work = _collect(work)
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


async def _collect(rows: AsyncIterator[Row]) -> list[Row]:
    return [row async for row in rows]


# The other methods yield rows.
_ANSWER_AT_ONCE: Final = {name for name, _ in getmembers(MemoryTable, iscoroutinefunction)}


class ProcessTable:
    """The table, as a process reaches it, with all methods that the table in memory has."""

    def __init__(self, server: TableServer, process: Process) -> None:
        self._server = server
        self._process = process

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def operate(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - any method's
            answer = self._server.ask(
                self._process, lambda: self._server.operate(name, args, named)
            )
            return answer if is_coroutine else _yield_later(answer)

        is_coroutine = name in _ANSWER_AT_ONCE
        return operate


async def _yield_later(answer: Awaitable[list[Row]]) -> AsyncIterator[Row]:
    for row in await answer:
        yield row


class ProcessQueues:
    """The queues, as a process reaches them."""

    def __init__(self, server: QueueServer, process: Process) -> None:
        self._server = server
        self._process = process

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        await self._server.ask(self._process, lambda: self._server.put(queue, message, delay))

    async def lengths(self) -> dict[str, int]:
        def count() -> dict[str, int]:
            queues = {message.queue: 0 for message in self._server.messages.values()}
            for message in self._server.messages.values():
                queues[message.queue] += 1
            return queues

        return await self._server.ask(self._process, count)

    async def oldest(self) -> dict[str, datetime | None]:
        return dict.fromkeys(await self.lengths())

    async def take_poison(self) -> list[PoisonMessage]:
        def receive() -> list[PoisonMessage]:
            return [
                PoisonMessage(queue, message.id, message.inserted_at, message.body, str(receipt))
                for queue in POISON_OF_LANE.values()
                for message, receipt in self._server.receive(queue, POISON_LEASE)
            ]

        return await self._server.ask(self._process, receive)

    async def delete_poison(self, message: PoisonMessage) -> None:
        def delete() -> None:
            if (held := self._server.messages.get(message.id)) is not None:
                with suppress(LostLeaseError):
                    self._server.delete(held, int(message.receipt))

        await self._server.ask(self._process, delete)
