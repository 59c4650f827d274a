"""Runs one timer function on its schedule, in UTC, never twice at the same time."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from azure.functions.timer import TimerRequest

from dev.host.application import IndexedFunction
from dev.host.errors import AppRefusedError
from dev.host.invocation import Invoker
from dev.host.pause import pause
from dev.host.queue_account import resolve
from dev.host.schedule import parse
from dev.host.timer_memory import TimerMemory

MIN_REMEMBERED_INTERVAL = timedelta(minutes=1)  # the real host remembers no shorter schedule


class TimerTrigger:
    """One timer function.

    The real host remembers in a blob when the function runs next, and makes up for a run that it
    missed while it was down. This one remembers in a file, if it has one.
    """

    def __init__(
        self,
        function: IndexedFunction,
        settings: Mapping[str, str],
        invoker: Invoker,
        memory: TimerMemory,
    ) -> None:
        """Raises AppRefusedError when the schedule cannot be read."""
        self._function = function
        self._invoker = invoker
        self._memory = memory
        self._stopping = asyncio.Event()
        self._last: datetime | None = None
        self.source = resolve(function.trigger["schedule"], settings)
        try:
            self._schedule = parse(self.source)
            self._is_remembered = function.trigger.get("useMonitor") is not False and (
                self._interval(datetime.now(UTC)) >= MIN_REMEMBERED_INTERVAL
            )
        except ValueError as error:
            raise AppRefusedError(f"{function.name}: {error}") from error

    async def run(self) -> None:
        """Run the function whenever it is due, until `stop` is called."""
        was_due = self._memory.next_run(self._function.name) if self._is_remembered else None
        is_past_due = was_due is not None and was_due < datetime.now(UTC)
        if is_past_due or self._function.trigger.get("runOnStartup"):
            await self._invoke(is_past_due=is_past_due)
        due = self._plan(datetime.now(UTC))
        while not self._stopping.is_set():
            now = datetime.now(UTC)
            if now < due:
                await pause(self._stopping, (due - now).total_seconds())
                continue
            await self.run_now("")
            due = self._plan(max(due, datetime.now(UTC)))

    def stop(self) -> None:
        """Start no further run."""
        self._stopping.set()

    async def run_now(self, _text: str) -> None:
        """Run the function once."""
        await self._invoke(is_past_due=False)

    def _interval(self, now: datetime) -> timedelta:
        first = self._schedule.after(now)
        return self._schedule.after(first) - first

    def _plan(self, now: datetime) -> datetime:
        due = self._schedule.after(now)
        if self._is_remembered:
            self._memory.remember(self._function.name, due)
        return due

    async def _invoke(self, *, is_past_due: bool) -> None:
        now = datetime.now(UTC)
        request = TimerRequest(
            past_due=is_past_due,
            schedule={"AdjustForDST": True},
            schedule_status={
                "Last": (self._last or datetime.min.replace(tzinfo=UTC)).isoformat(),
                "Next": self._schedule.after(now).isoformat(),
                "LastUpdated": now.isoformat(),
            },
        )
        self._last = now
        await self._invoker.invoke_and_log(self._function, request)
