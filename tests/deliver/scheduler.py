"""Runs workers step by step in an order that a test decides, with deaths and faults in between."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Literal, NamedTuple

from shared.errors import StorageUnavailableError
from tests.deliver.seams import Gate, KilledError
from tests.deliver.world import World

# After a step a worker comes to its next gate within so many turns of the event loop.
_TURNS = 12

Act = Literal["step", "kill", "fail", "tick", "report"]


class Move(NamedTuple):
    """What happens next: `which` chooses a worker's waiting step, a report, or some seconds."""

    act: Act
    which: int


class Scheduler:
    """Holds every step of every worker until it is chosen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: list[tuple[int, str, asyncio.Future[None]]] = []
        self._dead: set[int] = set()
        self._tasks: list[asyncio.Task[Any]] = []
        self._free = False

    def gate(self) -> Gate:
        """The gate of the next worker."""
        number = len(self._tasks)

        async def gate(step: str) -> None:
            if number in self._dead:
                raise KilledError
            if not self._free:
                chosen = asyncio.get_running_loop().create_future()
                self._waiting.append((number, step, chosen))
                await chosen

        return gate

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start the worker whose gate was made last."""
        self._tasks.append(asyncio.create_task(work))

    async def play(self, moves: Iterable[Move]) -> None:
        """Make the moves, then let everybody who is still alive go on to the end."""
        for move in moves:
            await _turns()
            if move.act == "tick":
                self._world.clock.move(seconds=move.which)
            elif move.act == "report":
                await self._report(move.which)
            elif self._waiting:
                self._step(move)
        self._free = True
        for _, _, chosen in self._waiting:
            chosen.set_result(None)
        for task in self._tasks:
            await asyncio.wait([task])
            if (error := task.exception()) and not isinstance(error, KilledError):
                raise error

    async def _report(self, which: int) -> None:
        books = self._world.twilio.books
        if books:
            status = ("queued", "sent", "delivered")[which % 3]
            await self._world.report_one(books[which % len(books)].found.sid, status)

    def _step(self, move: Move) -> None:
        number, step, chosen = self._waiting.pop(move.which % len(self._waiting))
        if move.act == "kill":
            self._dead.add(number)
            chosen.set_exception(KilledError())
            for each in [each for each in self._waiting if each[0] == number]:
                self._waiting.remove(each)
                each[2].set_exception(KilledError())
        elif move.act == "fail" and not step.startswith("carrier"):
            chosen.set_exception(StorageUnavailableError("ordered"))
        else:
            chosen.set_result(None)


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
