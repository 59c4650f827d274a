"""Keeps the function host running: after a change of a file, and while storage is out of reach."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from dev.changes import Changes
from dev.child import Service, ServiceEndedError
from dev.supervisor import Supervisor
from dev.terminal import GREEN, RED, Terminal

STORAGE_AWAY = 5  # the exit code of `python -m dev.host` where Azure's host ends for this reason
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 30.0
STEADY_SECONDS = 60.0  # after so long the next outage is another one


@dataclass
class AppRunner:
    """Starts the host as often as that is needed; its storage and the simulator stay."""

    supervisor: Supervisor
    service: Service
    changes: Changes
    out: Terminal
    pause: float = MIN_PAUSE_SECONDS

    async def run(self, when_ready: Callable[[], Awaitable[None]]) -> None:
        """Run until a service ends by itself, which raises ServiceEndedError."""
        first, after_change = True, False
        pause, clock = self.pause, asyncio.get_running_loop().time
        while True:
            began = clock()
            try:
                await self.supervisor.start(self.service)
                if first:
                    await when_ready()
                else:
                    self.out.item("app", "is ready again", GREEN)
                first = after_change = False
                await self._change()
                after_change = True
            except ServiceEndedError as error:
                is_away = error.status == STORAGE_AWAY
                if error.service is not self.service or not (is_away or after_change):
                    raise
                await self.supervisor.stop_service(self.service)
                if not is_away:
                    self.out.item("app", "did not start, see above; waiting for a change", RED)
                    await self._change()
                    continue
                pause = self.pause if clock() - began > STEADY_SECONDS else pause
                what = f"out of reach: the app ended, as in Azure; next start in {pause:g} s"
                self.out.item("storage", what, RED)
                await self.supervisor.watch(asyncio.sleep(pause))
                pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def _change(self) -> None:
        """Wait for a change, and make way for the next start."""
        path = await self.supervisor.watch(self.changes.next())
        self.out.item("reload", f"{path} changed")
        await self.supervisor.stop_service(self.service)
