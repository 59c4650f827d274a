"""Places where callers meet: conferences, and waiting rooms with music."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from dev.simulator.books import new_sid
from dev.simulator.call_engine.line import Line


@dataclass
class Conference:
    """A conference: who is in it, and whether it has begun."""

    name: str
    sid: str = field(default_factory=lambda: new_sid("CF"))
    members: list[Line] = field(default_factory=list)
    starters: set[str] = field(default_factory=set)  # call SIDs of who may start it
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    events: int = 0

    def others(self, line: Line) -> list[Line]:
        """Everybody in the room but this line."""
        return [member for member in self.members if member is not line]


@dataclass
class Waiting:
    """One caller in a waiting room."""

    line: Line
    since: float
    # Set by whoever takes this caller out, and again when they are done talking.
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class WaitingRoom:
    """A call queue: callers in order, and a bell for those who serve them."""

    name: str
    sid: str = field(default_factory=lambda: new_sid("QU"))
    callers: deque[Waiting] = field(default_factory=deque)
    bell: asyncio.Event = field(default_factory=asyncio.Event)
