"""Runs one timer function on its schedule, in UTC, never twice at the same time."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from azure.functions.timer import TimerRequest

from dev.host.application import IndexedFunction
from dev.host.errors import AppRefusedError
from dev.host.invocation import Invoker
from dev.host.pause import pause
from dev.host.queue_account import resolve
from dev.host.schedule import parse


class TimerTrigger:
    """One timer function.

    The real host remembers in a blob when the function ran last, and makes up for a run that it
    missed while it was down. This one forgets, and `past_due` is always false.
    """

    def __init__(
        self, function: IndexedFunction, settings: Mapping[str, str], invoker: Invoker
    ) -> None:
        self._function = function
        self._invoker = invoker
        self._stopping = asyncio.Event()
        self._last: datetime | None = None
        self.source = resolve(function.trigger["schedule"], settings)
        try:
            self._schedule = parse(self.source)
            self._schedule.after(datetime.now(UTC))
        except ValueError as error:
            raise AppRefusedError(f"{function.name}: {error}") from error

    async def run(self) -> None:
        """Run the function whenever it is due, until `stop` is called."""
        if self._function.trigger.get("runOnStartup"):
            await self.run_now("")
        due = self._schedule.after(datetime.now(UTC))
        while not self._stopping.is_set():
            now = datetime.now(UTC)
            if now < due:
                await pause(self._stopping, (due - now).total_seconds())
                continue
            await self.run_now("")
            due = self._schedule.after(max(due, datetime.now(UTC)))

    def stop(self) -> None:
        """Start no further run."""
        self._stopping.set()

    async def run_now(self, _text: str) -> None:
        """Run the function once."""
        now = datetime.now(UTC)
        request = TimerRequest(
            past_due=False,
            schedule={"AdjustForDST": True},
            schedule_status={
                "Last": (self._last or datetime.min.replace(tzinfo=UTC)).isoformat(),
                "Next": self._schedule.after(now).isoformat(),
                "LastUpdated": now.isoformat(),
            },
        )
        self._last = now
        await self._invoker.invoke_and_log(self._function, request)
