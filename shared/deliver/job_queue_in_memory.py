"""Queues in memory, for tests and for trying things: the same contract as the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shared.deliver.job_queue import AT_ONCE, INBOUND, LONGEST_DELAY, QUEUE_OF_LANE

if TYPE_CHECKING:
    from datetime import timedelta


class Put(NamedTuple):
    """A message that was put on a queue, and the delay it was put with."""

    queue: str
    message: bytes
    delay: timedelta


class JobQueueInMemory:
    """Queues that remember what was put on them."""

    def __init__(self) -> None:
        self.puts: list[Put] = []

    async def put(self, queue: str, message: bytes, delay: timedelta = AT_ONCE) -> None:
        self.puts.append(Put(queue, message, min(delay, LONGEST_DELAY)))

    async def lengths(self) -> dict[str, int]:
        return {
            queue: sum(put.queue == queue for put in self.puts)
            for queue in (*QUEUE_OF_LANE.values(), INBOUND)
        }

    def take(self, queue: str) -> list[Put]:
        """Empty a queue of everything, hidden or not."""
        taken = [put for put in self.puts if put.queue == queue]
        self.puts = [put for put in self.puts if put.queue != queue]
        return taken
