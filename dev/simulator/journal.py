"""Everything that happened, in order, for pages and tests to follow."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

Event = dict[str, object]

MAX_EVENTS = 20_000  # older events are forgotten, so that a long benchmark does not fill the memory


class Journal:
    """Append-only numbered events with live subscribers."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._numbers = count(1)
        self._subscribers: set[asyncio.Queue[Event]] = set()

    def add(self, kind: str, **fields: object) -> None:
        """Append one event."""
        event: Event = {"n": next(self._numbers), "at": time.time(), "kind": kind, **fields}
        self._events.append(event)
        for queue in self._subscribers:
            queue.put_nowait(event)

    @property
    def last(self) -> int:
        """The number of the newest event; 0 before there is one."""
        return int(str(self._events[-1]["n"])) if self._events else 0

    def after(self, number: int) -> list[Event]:
        """Return the events after the one of this number, oldest first."""
        newer = []
        for event in reversed(self._events):
            if int(str(event["n"])) <= number:
                break
            newer.append(event)
        return newer[::-1]

    @contextmanager
    def subscribed(self) -> Iterator[asyncio.Queue[Event]]:
        """Yield a queue that gets every event from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        self._subscribers.add(queue)
        try:
            yield queue
        finally:
            self._subscribers.discard(queue)
