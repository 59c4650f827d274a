"""Says when a file of the app changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from watchfiles import awatch

WATCHED = ("function_app.py", "shared", "host.json")


class Changes:
    """The changes under a checkout while `following` runs; without it there are none."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._changed = asyncio.Event()
        self._path = ""

    async def next(self) -> str:
        """Wait for a change and return the path of a changed file, from the checkout on."""
        await self._changed.wait()
        self._changed.clear()
        return self._path

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow the files for a while."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def _follow(self) -> None:
        watched = [path for name in WATCHED if (path := self._root / name).exists()]
        async for changes in awatch(*watched):
            first = min(path for _, path in changes)
            self._path = first.removeprefix(f"{self._root}/")
            self._changed.set()
