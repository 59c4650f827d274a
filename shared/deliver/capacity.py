"""A limit on the recipients of the bulk lane in hand at once; the other jobs wait, unclaimed.

A claim promises to begin within seconds. A worker is given far more jobs of a hundred than it can
begin in that time, and each that it could not begin would have to be claimed again. What has waited
for too long goes back to the queue, because Azure ends an invocation that lasts too long.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MAX_WAIT_SECONDS: Final = 300.0


class NoCapacityError(Exception):
    """No place became free in time."""


class Capacity:
    """Places for recipients; while one is free, a job of any size comes in.

    `patience` is how many seconds a job waits.
    """

    def __init__(self, places: int, *, patience: float = MAX_WAIT_SECONDS) -> None:
        self._free = places
        self._patience = patience
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, places: int) -> AsyncIterator[None]:
        """Wait for a free place, and take so many until the end of the block.

        Raises:
            NoCapacityError: no place was free for `patience` seconds.
        """
        async with self._changed:
            try:
                async with asyncio.timeout(self._patience):
                    await self._changed.wait_for(lambda: self._free > 0)
            except TimeoutError:
                raise NoCapacityError from None
            self._free -= places
        try:
            yield
        finally:
            async with self._changed:
                self._free += places
                self._changed.notify_all()
