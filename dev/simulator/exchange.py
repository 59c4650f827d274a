"""The telephone exchange: the parts of the simulator, wired together once."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.clock import Clock
from dev.simulator.faults import Faults
from dev.simulator.journal import Journal
from dev.simulator.phones import Phones
from dev.simulator.webhooks import Webhooks

if TYPE_CHECKING:
    from dev.simulator.call_engine.line import Line
    from dev.simulator.call_engine.rooms import Conference, WaitingRoom


@dataclass
class Exchange:
    """Everything that the simulator knows and does."""

    account: Account
    books: Books = field(default_factory=Books)
    clock: Clock = field(default_factory=Clock)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    origin: str = "http://127.0.0.1"
    lines: dict[str, "Line"] = field(default_factory=dict)
    conferences: dict[str, "Conference"] = field(default_factory=dict)
    waiting_rooms: dict[str, "WaitingRoom"] = field(default_factory=dict)
    live: set["Line"] = field(default_factory=set)  # the lines that are not over

    def __post_init__(self) -> None:
        self.phones = Phones(self.account.app_url)
        self.webhooks = Webhooks(self.account.auth_token, self.journal, self.faults)
        self.api = f"/2010-04-01/Accounts/{self.account.sid}"
        self.clock.held = self.held
        self._tasks: set[asyncio.Task[object]] = set()

    def held(self) -> bool:
        """Whether somebody at the page has a phone in hand."""
        return self.phones.pages > 0 and any(line.person.by_hand for line in self.live)

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Do something in the background until the simulator stops."""
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[object]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.journal.add("error", code=None, text=f"simulator: {error!r}")

    async def stop(self) -> None:
        """End every call and callback at once."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.webhooks.close()
        self.books.close()
