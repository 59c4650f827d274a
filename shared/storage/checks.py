"""Whether queues and table can be used, asked at most once in a few seconds.

Health is asked by anybody, and each check costs four storage requests.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.errors import StorageUnavailableError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.storage.queues import Queues
    from shared.storage.table import Table

USABLE: Final = "usable"
MAX_AGE: Final = timedelta(seconds=5)
# Health answers within three seconds.
TIMEOUT_SECONDS: Final = 2.5


class StorageChecks:
    """Checks of the queues and the table of one process.

    `timeout` is how many seconds each may take.
    """

    def __init__(
        self,
        queues: Queues,
        table: Table,
        now: Callable[[], datetime],
        *,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._queues = queues
        self._table = table
        self._now = now
        self._timeout = timeout
        self._checked_at: datetime | None = None
        self._checks: dict[str, str] = {}
        self._checking = asyncio.Lock()

    async def run(self) -> dict[str, str]:
        """Return `usable`, or what is wrong, of `queue` and `table`."""
        async with self._checking:
            now = self._now()
            if self._checked_at is None or not now - self._checked_at < MAX_AGE:
                self._checks = await self._check()
                self._checked_at = now
            return self._checks

    async def _check(self) -> dict[str, str]:
        queue, table = await asyncio.gather(
            self._try("queue", self._queues.lengths()), self._try("table", self._table.check())
        )
        return {"queue": queue, "table": table}

    async def _try(self, name: str, step: Awaitable[Any]) -> str:
        try:
            async with asyncio.timeout(self._timeout):
                await step
        except StorageUnavailableError as error:
            return str(error)
        except TimeoutError:
            return f"{name}: no answer within {self._timeout} seconds"
        return USABLE
