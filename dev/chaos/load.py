"""What is asked for: requests that all differ, each insisted on until it is accepted."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

import aiohttp
from azure.storage.queue.aio import QueueClient

from dev.chaos.stage import Stage
from dev.local_settings import FUNCTION_KEY

Kind = Literal["message", "call"]
Receiver = tuple[Kind, str]

AREAS: Final = ("415", "212", "312", "206", "617", "404", "303", "713")
OF_AN_AREA: Final = 8000
AT_ONCE: Final = 12
ANSWER_WITHIN: Final = 30.0  # seconds, as the contract says of a 503
ACCEPTED, UNKNOWN = 202, 503
# How many recipients a request has, and how often that comes.
SIZES: Final = {1: 12, 2: 3, 7: 2, 30: 1}


@dataclass(frozen=True)
class Request:
    """One request, by HTTP or dropped on the queue, to recipients that no other has."""

    kind: Kind
    to: tuple[str, ...]
    key: str
    dropped: bool = False

    @property
    def many(self) -> bool:
        """Whether it goes to more than one."""
        return len(self.to) > 1

    @property
    def fields(self) -> dict[str, Any]:
        """The request as JSON."""
        content = {"body": self.key} if self.kind == "message" else {"say": self.key}
        return {"to": list(self.to) if self.many else self.to[0], **content}


class Load:
    """Makes requests, and remembers when each recipient's was accepted."""

    def __init__(self, stage: Stage, dice: Random) -> None:
        self._stage = stage
        self._dice = dice
        self._numbers = self._all_numbers()
        self._requests = 0
        self.accepted: dict[Receiver, float] = {}
        self.asked_again = 0

    def request(self, kind: Kind, count: int, *, dropped: bool = False) -> Request:
        """A new request."""
        self._requests += 1
        to = tuple(next(self._numbers) for _ in range(count))
        return Request(kind, to, f"chaos {self._requests}", dropped)

    def mixed(self, recipients: int) -> Iterator[Request]:
        """Requests of all sizes and kinds, for so many recipients in all."""
        while recipients > 0:
            count = min(recipients, *self._dice.choices(list(SIZES), list(SIZES.values())))
            kind: Kind = "call" if self._dice.random() < 0.3 else "message"  # noqa: PLR2004
            yield self.request(kind, count, dropped=self._dice.random() < 0.2)  # noqa: PLR2004
            recipients -= count

    async def send(self, requests: Iterable[Request]) -> None:
        """Get requests accepted, some at once."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(request: Request) -> None:
            async with turn:
                await (self._drop(request) if request.dropped else self._insist(request))
            now = time.time()
            self.accepted |= {(request.kind, to): now for to in request.to}

        async with asyncio.TaskGroup() as group:
            for request in requests:
                group.create_task(one(request))

    async def _insist(self, request: Request) -> None:
        """Ask until it is accepted, always with the same key."""
        url = f"{self._stage.address}/api/{request.kind}s"
        headers = {"x-functions-key": FUNCTION_KEY, "Idempotency-Key": request.key}
        limit = aiohttp.ClientTimeout(total=ANSWER_WITHIN)
        while True:
            try:
                async with self._stage.session.post(
                    url, json=request.fields, headers=headers, timeout=limit
                ) as answer:
                    status, text = answer.status, await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                status, text = UNKNOWN, ""
            if status == ACCEPTED:
                return
            if status != UNKNOWN:
                raise AssertionError(f"{status} for {request.fields}: {text}")
            self.asked_again += 1
            await asyncio.sleep(0.2)

    async def _drop(self, request: Request) -> None:
        """Put it on the queue as any program can, past the proxy."""
        async with QueueClient.from_connection_string(self._stage.storage, "outbound") as queue:
            await queue.send_message(json.dumps({"kind": request.kind, **request.fields}))

    @staticmethod
    def _all_numbers() -> Iterator[str]:
        for area in AREAS:
            for number in range(1000, 1000 + OF_AN_AREA):
                yield f"+1{area}555{number}"
