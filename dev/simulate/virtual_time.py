"""An event loop whose clock moves to the next timer when nothing is ready. It never waits."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

BEGIN: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


class NothingToDoError(Exception):
    """Every task waits for something that no timer will bring."""


class _Selector(selectors.SelectSelector):
    """Waits by moving the clock; its files (the loop's own pipe) are never ready."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingToDoError
        self.seconds += max(timeout, 0)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs tasks on virtual time, in one thread, in an order that depends on nothing else."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        # A process that is killed leaves its tasks where they are.
        self.set_exception_handler(lambda *_: None)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._virtual.seconds

    def run_in_executor(
        self, executor: object, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function at once: there are no threads."""
        del executor
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the awaiting task gets it
            future.set_exception(error)
        return future


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        _drop_tasks(loop)
        asyncio.set_event_loop(None)
        loop.close()


def now() -> datetime:
    """Return the virtual time."""
    return BEGIN + timedelta(seconds=asyncio.get_running_loop().time())


def _drop_tasks(loop: VirtualLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001 - not in the stubs
