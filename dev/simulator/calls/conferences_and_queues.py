"""Where callers meet: conferences, and queues in which they wait.

Both are generic over the kind of call leg, so that this module need not import it.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dev.simulator.resources import new_sid

Leg = TypeVar("Leg")


@dataclass
class Conference(Generic[Leg]):
    """A conference: its members, and whether it has begun."""

    name: str
    sid: str = field(default_factory=lambda: new_sid("CF"))
    members: list[Leg] = field(default_factory=list)
    starters: set[str] = field(default_factory=set)  # SIDs of the calls that may start it
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    events: int = 0

    def others(self, leg: Leg) -> list[Leg]:
        """Return every member but this one."""
        return [member for member in self.members if member is not leg]


@dataclass
class QueuedCaller(Generic[Leg]):
    """One caller in a queue."""

    line: Leg
    since: float
    connected: asyncio.Event = field(default_factory=asyncio.Event)  # somebody takes the caller out
    released: asyncio.Event = field(default_factory=asyncio.Event)  # and has finished talking


@dataclass
class CallQueue(Generic[Leg]):
    """Callers in the order in which they came, and a bell for those who serve them."""

    name: str
    sid: str = field(default_factory=lambda: new_sid("QU"))
    callers: deque[QueuedCaller[Leg]] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
