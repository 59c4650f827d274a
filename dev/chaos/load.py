"""The load: requests that all differ, each repeated with its key until it is accepted."""

import asyncio
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, Final, Literal

import aiohttp
from azure.storage.queue.aio import QueueClient

from dev.chaos.environment import Environment
from dev.local_settings import FUNCTION_KEY

Kind = Literal["message", "call"]
Recipient = tuple[Kind, str]

AREAS: Final = ("415", "212", "312", "206", "617", "404", "303", "713")
NUMBERS_PER_AREA: Final = 8000
MAX_CONCURRENT_REQUESTS: Final = 12
ANSWER_SECONDS: Final = 30.0  # within which a 503 comes, as documented
ACCEPTED, UNKNOWN = 202, 503
WEIGHT_BY_SIZE: Final = {1: 12, 2: 3, 7: 2, 30: 1}  # recipients of a request


@dataclass(frozen=True)
class Request:
    """One request, by HTTP or put on the queue, to recipients that no other request has."""

    kind: Kind
    to: tuple[str, ...]
    key: str
    is_raw: bool = False

    @property
    def has_several(self) -> bool:
        """Whether it goes to more than one recipient."""
        return len(self.to) > 1

    @property
    def fields(self) -> dict[str, Any]:
        """The request as JSON."""
        content = {"body": self.key} if self.kind == "message" else {"say": self.key}
        return {"to": list(self.to) if self.has_several else self.to[0], **content}


class Load:
    """Makes requests; `accepted` holds when each recipient's was accepted."""

    def __init__(self, environment: Environment, random: Random) -> None:
        self._environment = environment
        self._random = random
        self._numbers = self._all_numbers()
        self._requests = 0
        self.accepted: dict[Recipient, float] = {}
        self.repeats = 0

    def request(self, kind: Kind, count: int, *, is_raw: bool = False) -> Request:
        """Return a new request."""
        self._requests += 1
        to = tuple(next(self._numbers) for _ in range(count))
        return Request(kind, to, f"chaos {self._requests}", is_raw)

    def mixed(self, recipients: int) -> Iterator[Request]:
        """Yield requests of all sizes and kinds, for so many recipients in all."""
        while recipients > 0:
            size, *_ = self._random.choices(list(WEIGHT_BY_SIZE), list(WEIGHT_BY_SIZE.values()))
            kind: Kind = "call" if self._random.random() < 0.3 else "message"  # noqa: PLR2004
            is_raw = self._random.random() < 0.2  # noqa: PLR2004
            yield self.request(kind, min(recipients, size), is_raw=is_raw)
            recipients -= size

    async def send(self, requests: Iterable[Request]) -> None:
        """Get requests accepted, several at a time."""
        slots = asyncio.Semaphore(MAX_CONCURRENT_REQUESTS)

        async def send_one(request: Request) -> None:
            async with slots:
                await (self._put(request) if request.is_raw else self._post(request))
            now = time.time()
            self.accepted |= {(request.kind, to): now for to in request.to}

        async with asyncio.TaskGroup() as group:
            for request in requests:
                group.create_task(send_one(request))

    async def _post(self, request: Request) -> None:
        """Repeat a request with its key until it is accepted."""
        url = f"{self._environment.address}/api/{request.kind}s"
        headers = {"x-functions-key": FUNCTION_KEY, "Idempotency-Key": request.key}
        limit = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        while True:
            try:
                async with self._environment.session.post(
                    url, json=request.fields, headers=headers, timeout=limit
                ) as answer:
                    status, text = answer.status, await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                status, text = UNKNOWN, ""
            if status == ACCEPTED:
                return
            if status != UNKNOWN:
                raise AssertionError(f"{status} for {request.fields}: {text}")
            self.repeats += 1
            await asyncio.sleep(0.2)

    async def _put(self, request: Request) -> None:
        """Put a request on the queue as any program can, past the proxy."""
        storage = self._environment.storage
        async with QueueClient.from_connection_string(storage, "outbound") as queue:
            await queue.send_message(json.dumps({"kind": request.kind, **request.fields}))

    @staticmethod
    def _all_numbers() -> Iterator[str]:
        for area in AREAS:
            for number in range(1000, 1000 + NUMBERS_PER_AREA):
                yield f"+1{area}555{number}"
