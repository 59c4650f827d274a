"""The seam to the storage queues, and their names."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from shared.kinds import Lane

QUEUE_OF_LANE: Final[dict[Lane, str]] = {"now": "outbound", "bulk": "outbound-bulk"}
POISON_OF_LANE: Final[dict[Lane, str]] = {
    lane: f"{queue}-poison" for lane, queue in QUEUE_OF_LANE.items()
}
INBOUND_QUEUE: Final = "inbound"
# The service hides a message for seven days at most.
MAX_DELAY: Final = timedelta(days=7) - timedelta(minutes=1)
NO_DELAY: Final = timedelta()


class PoisonMessage(NamedTuple):
    """A message of a poison queue: where it is, itself, and the receipt that deletes it."""

    queue: str
    id: str
    inserted_at: datetime | None
    body: bytes
    receipt: str


class Queues(Protocol):
    """Queues by name; raises StorageUnavailableError where one does not answer in time."""

    async def put(self, queue: str, message: bytes, delay: timedelta = NO_DELAY) -> None:
        """Put a message that appears after `delay`, which is cut to MAX_DELAY."""
        ...

    async def lengths(self) -> dict[str, int]:
        """Return about how many messages each queue holds; create a queue that is missing."""
        ...

    async def oldest(self) -> dict[str, datetime | None]:
        """Return when the message that each queue gives next was put; None where none is due."""
        ...

    async def take_poison(self) -> list[PoisonMessage]:
        """Lease some of what can be seen on the poison queues, without Azure's trigger."""
        ...

    async def delete_poison(self, message: PoisonMessage) -> None:
        """Delete a message that `take_poison` gave; one that is gone does not matter."""
        ...
