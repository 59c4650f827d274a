"""What every part of the simulator shares: the account, its records, time, faults and webhooks."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Protocol

from dev.simulator.account import Account
from dev.simulator.books import Books
from dev.simulator.clock import Clock
from dev.simulator.faults import Faults
from dev.simulator.journal import Journal
from dev.simulator.phones import Phones
from dev.simulator.webhooks.client import Webhooks

# Count the SMS segments of a text; the second argument is whether smart encoding is on.
CountSegments = Callable[[str, bool], int]


class Participant(Protocol):
    """Somebody on a call; ``by_hand`` is true when a person drives the phone."""

    by_hand: bool


@dataclass
class Network:
    """Everything but the calls, which `dev.simulator.calls.line.Exchange` adds."""

    account: Account
    books: Books = field(default_factory=Books)
    clock: Clock = field(default_factory=Clock)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    origin: str = "http://127.0.0.1"
    participants: dict[str, Participant] = field(default_factory=dict)  # by the SID of a live call
    count_segments: CountSegments = field(kw_only=True)

    def __post_init__(self) -> None:
        self.phones = Phones(self.account.app_url)
        self.webhooks = Webhooks(self.account.auth_token, self.journal, self.faults)
        self.api = f"/2010-04-01/Accounts/{self.account.sid}"
        self.clock.held = self.is_held
        self._tasks: set[asyncio.Task[object]] = set()

    def is_held(self) -> bool:
        """Whether somebody at the page is on a call."""
        return self.phones.pages > 0 and any(one.by_hand for one in self.participants.values())

    def spawn(self, work: Coroutine[object, object, object]) -> None:
        """Run `work` in the background until the simulator stops."""
        task: asyncio.Task[object] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finish)

    def _finish(self, task: "asyncio.Task[object]") -> None:
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
