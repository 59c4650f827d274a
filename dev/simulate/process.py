"""A process of the app: it can be killed or frozen, its clock can be wrong; it calls servers."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from dev.simulate import virtual_time

T = TypeVar("T")

# Where a process dies by itself: before a server gets its request, or before its answer comes.
Death = Literal["before", "after"]

LATENCY: Final = (0.002, 0.05)  # seconds, each way


class KilledError(BaseException):
    """The process is gone; nothing catches it, as nothing catches `kill -9`."""


class Process:
    """A process of the app; `skew` is how far its clock is ahead."""

    def __init__(
        self,
        name: str,
        skew: timedelta,
        uniform: Callable[[float, float], float],
        dies: Callable[[], Death | None] = lambda: None,
    ) -> None:
        self.name = name
        self.ended = asyncio.Event()
        self._skew = skew
        self._uniform = uniform
        self._dies = dies
        self._frozen_until = 0.0
        self._tasks: dict[asyncio.Task[Any], None] = {}  # in the order in which they began

    def now(self) -> datetime:
        """Return the time on the clock of this process."""
        return virtual_time.now() + self._skew

    @property
    def is_alive(self) -> bool:
        """Whether it has not been killed."""
        return not self.ended.is_set()

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run a task that ends with the process."""
        task = asyncio.create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
        return task

    def kill(self) -> None:
        """End the process where it is; what it has sent to servers takes effect all the same."""
        self.ended.set()
        for task in list(self._tasks):
            task.cancel()

    def freeze(self, seconds: float) -> None:
        """Stop the process for so long; it knows nothing of that afterwards."""
        self._frozen_until = asyncio.get_running_loop().time() + seconds

    async def sleep(self, seconds: float) -> None:
        """Wait, and longer while the process is frozen."""
        await self._receive(lambda reply: self._reply_later(seconds, reply))

    async def call(self, operate: Callable[[], T], latency: float | None = None) -> T:
        """Let a server do something; what it raises is raised here.

        The server acts after the request has travelled there, and its answer travels back. Each
        takes about `latency` seconds.
        """
        there, back = (latency or self._uniform(*LATENCY) for _ in range(2))
        death = self._dies()
        if death == "before":
            self.kill()

        def begin(reply: Callable[[Callable[[], T]], None]) -> None:
            def serve() -> None:
                try:
                    result = operate()
                except Exception as error:  # noqa: BLE001 - the server's answer
                    answer = _raising(error)
                else:
                    answer = _returning(result)
                if death == "after":
                    self.kill()
                self._reply_later(back, lambda _: reply(answer))

            asyncio.get_running_loop().call_later(there, serve)

        return await self._receive_answer(begin)

    async def _receive(self, begin: Callable[[Callable[[Callable[[], None]], None]], None]) -> None:
        await self._receive_answer(begin)

    async def _receive_answer(
        self, begin: Callable[[Callable[[Callable[[], T]], None]], None]
    ) -> T:
        if not self.is_alive:
            raise KilledError(self.name)
        arrived: asyncio.Future[Callable[[], T]] = asyncio.get_running_loop().create_future()

        def reply(answer: Callable[[], T]) -> None:
            if self.is_alive and not arrived.done():
                arrived.set_result(answer)

        begin(reply)
        answer = await arrived
        if not self.is_alive:
            raise KilledError(self.name)
        return answer()

    def _reply_later(self, seconds: float, reply: Callable[[Callable[[], None]], None]) -> None:
        """Call back after so long, or when the process is thawed if that is later."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if loop.time() < self._frozen_until:
                loop.call_at(self._frozen_until, wake)
            else:
                reply(_nothing)

        loop.call_later(seconds, wake)


def _nothing() -> None:
    return None


def _raising(error: Exception) -> Callable[[], Any]:
    def answer() -> Any:  # noqa: ANN401 - it never returns
        raise error

    return answer


def _returning(result: T) -> Callable[[], T]:
    return lambda: result
