"""Storage queues on a clock that a test moves: leases, visibility, dequeue counts, poison."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from shared.storage.queues import MAX_DELAY, NO_DELAY
from tests.clock import Clock

LEASE = timedelta(minutes=10)
# As in host.json.
RETRY_AFTER = timedelta(seconds=10)
MOST_DELIVERIES = 5
POISON = "-poison"


@dataclass
class Message:
    """A message on a queue; hidden until `visible_at`."""

    id: str
    queue: str
    body: bytes
    inserted_at: datetime
    visible_at: datetime
    dequeue_count: int = 0


class QueueDouble:
    """Queues that lease and return messages as Azure's storage extension does."""

    def __init__(self, clock: Clock) -> None:
        self.messages: list[Message] = []
        self._now = clock
        self._numbers = count(1)

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        self.drop(message, queue, delay)

    async def lengths(self) -> dict[str, int]:
        queues = {each.queue for each in self.messages}
        return {queue: sum(each.queue == queue for each in self.messages) for queue in queues}

    async def oldest(self) -> dict[str, datetime | None]:
        return dict.fromkeys(await self.lengths())

    def drop(self, body: bytes, queue: str = "outbound", delay: timedelta = NO_DELAY) -> Message:
        """Put a message there as any program can."""
        now = self._now()
        shown = now + max(timedelta(), min(delay, MAX_DELAY))
        message = Message(f"message-{next(self._numbers)}", queue, body, now, shown)
        self.messages.append(message)
        return message

    def take(self) -> Message | None:
        """Lease the message that is, or will be, visible first; waits for it on the clock."""
        if not self.messages:
            return None
        first = min(self.messages, key=lambda each: each.visible_at)
        self._now.at = max(self._now.at, first.visible_at)
        self.lease(first)
        return first

    def lease(self, message: Message) -> None:
        """Hand a message to a worker."""
        message.dequeue_count += 1
        message.visible_at = self._now() + LEASE

    def done(self, message: Message) -> None:
        """Delete a message; one that is gone already does not matter."""
        self.messages = [each for each in self.messages if each is not message]

    def failed(self, message: Message) -> None:
        """Give a message back, or move it away after its last delivery, under a new id."""
        if message.dequeue_count < MOST_DELIVERIES or message.queue.endswith(POISON):
            message.visible_at = self._now() + RETRY_AFTER
        else:
            self.done(message)
            self.drop(message.body, message.queue + POISON)
