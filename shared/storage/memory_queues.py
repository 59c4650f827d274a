"""Queues in memory, for tests and for trying things: the same contract as the real ones."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.storage.queues import (
    INBOUND_QUEUE,
    MAX_DELAY,
    NO_DELAY,
    POISON_OF_LANE,
    QUEUE_OF_LANE,
    PoisonMessage,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta


_UTC_NOW: Final = partial(datetime.now, UTC)


class Put(NamedTuple):
    """A message that was put on a queue, the delay it was put with, and when."""

    queue: str
    message: bytes
    delay: timedelta
    at: datetime


class MemoryQueues:
    """Queues that remember what was put on them."""

    def __init__(self, now: Callable[[], datetime] = _UTC_NOW) -> None:
        self.puts: list[Put] = []
        self._now = now

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        self.puts.append(Put(queue, message, min(delay, MAX_DELAY), self._now()))

    async def lengths(self) -> dict[str, int]:
        return {
            queue: sum(put.queue == queue for put in self.puts)
            for queue in (*QUEUE_OF_LANE.values(), INBOUND_QUEUE)
        }

    async def oldest(self) -> dict[str, datetime | None]:
        now = self._now()
        return {
            queue: min(
                (
                    each.at
                    for each in self.puts
                    if each.queue == queue and each.at + each.delay <= now
                ),
                default=None,
            )
            for queue in (*QUEUE_OF_LANE.values(), INBOUND_QUEUE)
        }

    async def take_poison(self) -> list[PoisonMessage]:
        return [
            PoisonMessage(put.queue, str(number), put.at, put.message, str(number))
            for number, put in enumerate(self.puts)
            if put.queue in POISON_OF_LANE.values()
        ]

    async def delete_poison(self, message: PoisonMessage) -> None:
        self.puts = [
            put for put in self.puts if (put.queue, put.message) != (message.queue, message.body)
        ]

    def take(self, queue: str) -> list[Put]:
        """Empty a queue of everything, hidden or not, and return that."""
        taken = [put for put in self.puts if put.queue == queue]
        self.puts = [put for put in self.puts if put.queue != queue]
        return taken
