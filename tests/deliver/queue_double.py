"""Storage queues on a clock that a test moves: leases, receipts, dequeue counts, poison.

It does what Azure's storage extension was seen to do: the delivery after the last allowed one goes
to the poison queue unseen, a failure on a poison queue hides the message for the rest of its lease,
and a copy is put before the original is deleted, either of which can be lost.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final, Literal

from shared.storage.queues import MAX_DELAY, NO_DELAY, PoisonMessage
from tests.clock import Clock

_HOST: Final = json.loads((Path(__file__).parents[2] / "host.json").read_text("utf-8"))
_SETTINGS: Final = _HOST["extensions"]["queues"]
LEASE: Final = timedelta(minutes=10)
RETRY_AFTER: Final = timedelta(seconds=int(_SETTINGS["visibilityTimeout"].rpartition(":")[2]))
MAX_DELIVERIES: Final[int] = _SETTINGS["maxDequeueCount"]
POISON: Final = "-poison"

Lost = Literal["copy", "delete"]


@dataclass
class Message:
    """A message on a queue; hidden until `visible_at`. Each lease and renewal has a new receipt."""

    id: str
    queue: str
    body: bytes
    inserted_at: datetime
    visible_at: datetime
    dequeue_count: int = 0
    receipt: int = 0


class QueueDouble:
    """Queues that lease and return messages as Azure's storage extension does.

    `lost` are the steps of a move to a poison queue whose next answer is lost: a lost copy is put
    twice, a lost delete is not made. `lease_time` is how long a dead worker keeps a message.
    """

    def __init__(self, clock: Clock) -> None:
        self.lease_time = LEASE
        self.messages: list[Message] = []
        self.lost: list[Lost] = []
        self._now = clock
        self._numbers = count(1)

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        self.drop(message, queue, delay)

    async def lengths(self) -> dict[str, int]:
        queues = {each.queue for each in self.messages}
        return {queue: sum(each.queue == queue for each in self.messages) for queue in queues}

    async def oldest(self) -> dict[str, datetime | None]:
        return dict.fromkeys(await self.lengths())

    async def take_poison(self) -> list[PoisonMessage]:
        seen = [
            m for m in self.messages if m.queue.endswith(POISON) and m.visible_at <= self._now()
        ]
        for message in seen:
            self.lease(message)
        return [PoisonMessage(m.queue, m.id, m.inserted_at, m.body, str(m.receipt)) for m in seen]

    async def delete_poison(self, message: PoisonMessage) -> None:
        for each in [each for each in self.messages if each.id == message.id]:
            self.done(each, int(message.receipt))

    def drop(self, body: bytes, queue: str = "outbound", delay: timedelta = NO_DELAY) -> Message:
        """Put a message there as any program can."""
        now = self._now()
        shown = now + max(timedelta(), min(delay, MAX_DELAY))
        message = Message(f"message-{next(self._numbers)}", queue, body, now, shown)
        self.messages.append(message)
        return message

    def take(self) -> Message | None:
        """Lease the message that is, or will be, visible first; waits for it on the clock."""
        while self.messages:
            first = min(self.messages, key=lambda each: each.visible_at)
            self._now.at = max(self._now.at, first.visible_at)
            self.lease(first)
            if first.dequeue_count <= MAX_DELIVERIES or first.queue.endswith(POISON):
                return first
            self._move_to_poison(first)
        return None

    def lease(self, message: Message) -> None:
        """Hand a message to a worker, or lose the answer that would have done so."""
        message.dequeue_count += 1
        self.renew(message)

    def renew(self, message: Message) -> None:
        """Prolong a lease, after which the receipt before it is stale."""
        message.receipt += 1
        message.visible_at = self._now() + self.lease_time

    def done(self, message: Message, receipt: int | None = None) -> None:
        """Delete a message, unless it is gone already or the receipt is stale."""
        if receipt in (None, message.receipt):
            self.messages = [each for each in self.messages if each is not message]

    def failed(self, message: Message, receipt: int | None = None) -> None:
        """Give a message back, or move it away after its last delivery."""
        if receipt not in (None, message.receipt) or message.queue.endswith(POISON):
            return
        if message.dequeue_count < MAX_DELIVERIES:
            message.visible_at = self._now() + RETRY_AFTER
        else:
            self._move_to_poison(message)

    def _move_to_poison(self, message: Message) -> None:
        """Copy a message under a new id, then delete it."""
        self.drop(message.body, message.queue + POISON)
        if self._is_lost("copy"):
            self.drop(message.body, message.queue + POISON)
        if not self._is_lost("delete"):
            self.done(message)

    def _is_lost(self, step: Lost) -> bool:
        if step not in self.lost:
            return False
        self.lost.remove(step)
        return True
