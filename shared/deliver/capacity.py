"""So many recipients of the bulk lane in hand at once; the other jobs wait, unclaimed.

A claim promises to begin within seconds. A worker is given far more jobs of a hundred than it
can begin in that time, and each that it could not begin would have to be claimed anew.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Capacity:
    """Places for recipients; while one is free, a job of any size comes in."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, places: int) -> AsyncIterator[None]:
        """Wait for a free place, and take so many until the end of the block."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._free > 0)
            self._free -= places
        try:
            yield
        finally:
            async with self._changed:
                self._free += places
                self._changed.notify_all()
