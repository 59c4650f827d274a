"""The ports of the app, each call of which passes a gate before and after it takes effect.

A gate is told the step's name and may wait, fail or end the worker there, so a test reaches
every await on a seam without a list of them being kept anywhere.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import StorageUnavailableError
from shared.kinds import Kind
from shared.provider.provider import Provider, SendRequest, SendResult, TwilioRecord
from shared.storage.queues import NO_DELAY, PoisonMessage, Queues
from shared.storage.table import Row, Table
from tests.clock import Clock

Gate = Callable[[str], Awaitable[None]]
# Of the steps of a long run that differ, so many are tried, evenly spread.
MAX_PLACES = 40
# So many steps before a step tell whether it is like another one.
HISTORY = 8


class KilledError(BaseException):
    """The worker ended here; nothing catches it, as nothing catches `kill -9`."""


class RepeatedError(Exception):
    """The answer was lost, and the storage library took the step a second time."""


async def open_gate(step: str) -> None:
    """Let everything pass."""
    del step


def places(steps: Sequence[str], most: int = MAX_PLACES) -> list[int]:
    """Some places among the steps of a run: all of them, or `most` of those that differ.

    Steps are alike that come after the same steps, as those of a look do that is repeated while
    something is in doubt. Of the steps that are alike the first and the last are tried.
    """
    if len(steps) <= most:
        return list(range(len(steps)))
    histories = [steps[max(0, n - HISTORY) : n + 1] for n in range(len(steps))]
    places_of: dict[tuple[str, ...], list[int]] = {}
    for place, history in enumerate(histories):
        places_of.setdefault(tuple(history), []).append(place)
    differ = sorted({place for alike in places_of.values() for place in (alike[0], alike[-1])})
    count = min(most, len(differ))
    return [differ[n * len(differ) // count] for n in range(count)]


@dataclass
class Recorder:
    """A gate that lets everything pass and remembers the steps."""

    steps: list[str] = field(default_factory=list)

    async def __call__(self, step: str) -> None:
        self.steps.append(step)


@dataclass
class KillAt:
    """A gate at whose `place`-th passing the worker dies, and which nothing passes after that."""

    place: int
    passed: int = 0

    @property
    def killed(self) -> bool:
        return self.passed > self.place

    async def __call__(self, step: str) -> None:
        del step
        self.passed += 1
        if self.killed:
            raise KilledError


@dataclass
class FailAt:
    """A gate at whose `place`-th passing storage fails, once or `times` times in a row.

    `at` is what the names of the steps that can fail so end with.
    """

    place: int
    error: type[Exception] = StorageUnavailableError
    times: int = 1
    at: tuple[str, ...] = ("before", "after")
    passed: int = 0

    async def __call__(self, step: str) -> None:
        if step.startswith("carrier") or not step.endswith(self.at):
            return
        self.passed += 1
        if self.place < self.passed <= self.place + self.times:
            raise self.error("ordered")


class TableSeam:
    """The table behind a gate."""

    def __init__(self, table: Table, gate: Gate) -> None:
        self._table = table
        self._gate = gate

    async def get(self, partition: str, key: str) -> str | None:
        await self._gate("rows.get before")
        text = await self._table.get(partition, key)
        await self._gate("rows.get after")
        return text

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        async for row in self._read(self._table.range(partition, first, last, page=page)):
            yield row

    async def prefix(self, partition: str, start: str, *, page: int = 1000) -> AsyncIterator[Row]:
        async for row in self._read(self._table.prefix(partition, start, page=page)):
            yield row

    async def next_partition(self, first: str = "") -> str | None:
        await self._gate("rows.next_partition before")
        found = await self._table.next_partition(first)
        await self._gate("rows.next_partition after")
        return found

    async def insert(self, row: Row) -> bool:
        return await self._write("insert", lambda: self._table.insert(row))

    async def transaction(self, row: Row, beside: Sequence[Row]) -> bool:
        return await self._write("insert", lambda: self._table.transaction(row, beside))

    async def replace(self, row: Row) -> bool:
        return await self._write("replace", lambda: self._table.replace(row))

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        await self._gate("rows.delete before")
        await self._table.delete(partition, keys)
        await self._gate("rows.delete after")

    async def check(self) -> None:
        await self._table.check()

    async def _read(self, reading: AsyncIterator[Row]) -> AsyncIterator[Row]:
        await self._gate("rows.read before")
        rows = [row async for row in reading]
        await self._gate("rows.read after")
        for row in rows:
            yield row

    async def _write(self, name: str, step: Callable[[], Awaitable[bool]]) -> bool:
        await self._gate(f"rows.{name} before")
        done = await step()
        try:
            await self._gate(f"rows.{name} after")
        except RepeatedError:
            return await step()
        return done


class QueueSeam:
    """The queues behind a gate."""

    def __init__(self, queues: Queues, gate: Gate) -> None:
        self._queue = queues
        self._gate = gate

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        await self._gate("queue.put before")
        await self._queue.put(queue, message, delay)
        try:
            await self._gate("queue.put after")
        except RepeatedError:
            await self._queue.put(queue, message, delay)

    async def lengths(self) -> dict[str, int]:
        return await self._queue.lengths()

    async def oldest(self) -> dict[str, datetime | None]:
        return await self._queue.oldest()

    async def take_poison(self) -> list[PoisonMessage]:
        return await self._queue.take_poison()

    async def delete_poison(self, message: PoisonMessage) -> None:
        await self._queue.delete_poison(message)


class ProviderSeam:
    """Twilio behind a gate; a request that was held for `patience` seconds is not sent any more.

    The real client's time-out runs from the moment at which it is asked, so it ends a request
    that a frozen process would otherwise send when it thaws.
    """

    def __init__(self, provider: Provider, gate: Gate, now: Clock, patience: float) -> None:
        self._provider = provider
        self._gate = gate
        self._now = now
        self._patience = timedelta(seconds=patience)

    async def create(self, order: SendRequest) -> SendResult:
        asked_at = self._now()
        await self._gate("carrier.create before")
        if self._now() - asked_at >= self._patience:
            return SendResult(result="unknown", code="no_answer")
        result = await self._provider.create(order)
        await self._gate("carrier.create after")
        return result

    async def search(self, order: SendRequest, since: datetime) -> list[TwilioRecord]:
        await self._gate("carrier.search before")
        found = await self._provider.search(order, since)
        await self._gate("carrier.search after")
        return found

    async def fetch(self, kind: Kind, sid: str) -> TwilioRecord | None:
        await self._gate("carrier.fetch before")
        found = await self._provider.fetch(kind, sid)
        await self._gate("carrier.fetch after")
        return found

    async def stop(
        self, kind: Kind, sid: str, *, only_ringing: bool = False
    ) -> TwilioRecord | None:
        await self._gate("carrier.stop before")
        found = await self._provider.stop(kind, sid, only_ringing=only_ringing)
        await self._gate("carrier.stop after")
        return found

    async def remove(self, kind: Kind, sid: str, *, body_only: bool = False) -> bool:
        return await self._provider.remove(kind, sid, body_only=body_only)


@dataclass
class HoldAt:
    """A gate at whose `place`-th passing the worker stands still until it is let go."""

    place: int
    passed: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, step: str) -> None:
        del step
        self.passed += 1
        if self.passed == self.place + 1:
            self.held.set()
            await self.let_go.wait()
