"""How many requests are at Twilio at once: as many as it takes without pushing back.

The limit starts at its ceiling, which the operator chose: a refusal for being one too many
costs a retry, a slow start would cost every new worker. Then additive increase, multiplicative
decrease, as in https://www.rfc-editor.org/rfc/rfc5681#section-3.1.
"""

from __future__ import annotations

import asyncio
from collections import deque

_FLOOR = 1


class Limiter:
    """Turns at something that takes a limited number at once: the urgent first, then as they came.

    `begin` and `end` enclose a turn. `succeeded` and `push_back` say in between how it was
    received: one more at once for every `limit` successes, half as many after a push-back.
    """

    def __init__(self, ceiling: int) -> None:
        self.limit = ceiling
        self._ceiling = ceiling
        self._busy = 0
        self._turns = 0
        self._turns_when_halved = 0
        self._successes = 0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    async def begin(self, *, urgent: bool = False) -> int:
        """Wait for a turn and return its number. A wait that is cancelled takes none."""
        line = self._urgent if urgent else self._others
        if self._busy < self.limit and not self._urgent and not self._others:
            self._busy += 1
        else:
            await self._line_up(line)
        self._turns += 1
        return self._turns

    def end(self) -> None:
        """Give a turn back."""
        self._busy -= 1
        self._let_in()

    def succeeded(self) -> None:
        """Count a turn that was received well."""
        self._successes += 1
        if self._successes >= self.limit:
            self._successes = 0
            self.limit = min(self.limit + 1, self._ceiling)
            self._let_in()

    def push_back(self, turn: int) -> None:
        """Lower the limit after a turn that was one too many.

        All that had begun when the limit was last halved met the old limit, so their push-backs
        are the same news: it is halved once a round trip, however many of them there are.
        """
        if turn > self._turns_when_halved:
            self._turns_when_halved = self._turns
            self._successes = 0
            self.limit = max(self.limit // 2, _FLOOR)

    async def _line_up(self, line: deque[asyncio.Future[None]]) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(place)
        self._let_in()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self.end()
            raise

    def _let_in(self) -> None:
        """Let in from the heads of the lines while there is room, but for what has left them."""
        while self._busy < self.limit and (line := self._urgent or self._others):
            place = line.popleft()
            if not place.done():
                self._busy += 1
                place.set_result(None)
