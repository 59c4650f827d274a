"""Where the texts of each contender wait, and what it knows of those that it sent."""

import asyncio
import base64
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from dev.azurite import azurite
from dev.bench.environment import BODY, MAX_CONCURRENT, Environment, jobs_to, settings
from dev.bench.redis_server import redis_server
from dev.bench.runs import run_concurrently
from dev.checkout import HERE
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, FUNCTION_KEY
from shared.app import App
from shared.jobs.fold import Entry
from shared.jobs.job import encode_job, sign
from shared.storage.queues import QUEUE_OF_LANE

QUEUE: Final = QUEUE_OF_LANE["now"]


class Broker(Protocol):
    """A queue of texts, for one run; `environment` is what the worker is told."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The worker's environment."""
        ...

    async def put(self, numbers: Sequence[str]) -> None:
        """Put a text to each number on the queue."""
        ...

    async def is_empty(self) -> bool:
        """Tell whether nothing is left on the queue, be it with a worker that died."""
        ...

    async def left(self) -> list[str]:
        """Return the numbers whose texts are still to be sent, as far as the queue knows."""
        ...

    async def results(self) -> int:
        """Return how many texts have a result."""
        ...


class RedisBroker:
    """A Redis with texts and results; `left_in` finds the numbers of the texts in it."""

    def __init__(
        self,
        module: str,
        left_in: Callable[[Any], Iterator[str]],
        address: str,
        environment: Mapping[str, str],
    ) -> None:
        """`module` puts texts."""
        from redis import Redis  # which may be missing where this module is read

        broker, results = f"{address}/0", f"{address}/1"
        urls = {"BROKER_URL": broker, "RESULTS_URL": results}
        self.environment: Mapping[str, str] = {**environment, **urls}
        self._module = module
        self._left_in = left_in
        self._texts = Redis.from_url(broker)
        self._results = Redis.from_url(results)

    async def put(self, numbers: Sequence[str]) -> None:
        """Run the producer."""
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", self._module],
            cwd=HERE.root,
            env={**os.environ, **self.environment},
            input="\n".join(numbers).encode(),
            check=True,
        )

    async def is_empty(self) -> bool:
        """Return whether every text is gone."""
        return not await self.left()

    async def left(self) -> list[str]:
        """Return the numbers of the texts in Redis."""
        return list(self._left_in(self._texts))

    async def results(self) -> int:
        """Count the results."""
        count: int = self._results.dbsize()
        return count


def left_by_celery(texts: Any) -> Iterator[str]:  # noqa: ANN401 - a client that may be missing
    """Yield the numbers of what waits in Celery's list, and of what a worker has reserved."""
    reserved = (json.loads(text)[0] for text in texts.hvals("unacked"))
    waiting = (json.loads(text) for text in texts.lrange("celery", 0, -1))
    for message in (*reserved, *waiting):
        arguments, _, _ = json.loads(base64.b64decode(message["body"]))
        yield arguments[0]


def left_by_dramatiq(texts: Any) -> Iterator[str]:  # noqa: ANN401 - a client that may be missing
    """Yield the numbers of the messages that were not acknowledged, or are to be tried again."""
    for queue in ("default", "default.DQ"):
        for text in texts.hvals(f"dramatiq:{queue}.msgs"):
            yield json.loads(text)["args"][0]


@asynccontextmanager
async def open_redis_broker(
    module: str, left_in: Callable[[Any], Iterator[str]], twilio: str
) -> AsyncIterator[Broker]:
    """Start a Redis of its own."""
    environment = {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": FROM_NUMBER,
        "TWILIO_API_BASE_URL": twilio,
        "TEXT_BODY": BODY,
        "CONNECTIONS": str(MAX_CONCURRENT),
    }
    with redis_server() as address:
        yield RedisBroker(module, left_in, address, environment)


class SwitchboardBroker:
    """The app's queue and ledger."""

    def __init__(self, services: App, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._services = services
        self._job_ids: dict[str, str] = {}

    async def put(self, numbers: Sequence[str]) -> None:
        """Accept a text to each number, and put it on the queue."""
        services = self._services
        token = services.settings.twilio_auth_token
        accepted = await jobs_to(services, numbers)
        self._job_ids |= {to: job.job for to, job in zip(numbers, accepted, strict=True)}
        texts = [encode_job(sign(job, token)) for job in accepted]
        await run_concurrently(MAX_CONCURRENT, texts, lambda text: services.queues.put(QUEUE, text))

    async def is_empty(self) -> bool:
        """Tell whether no message is on the queue, seen or hidden."""
        return not (await self._services.queues.lengths())[QUEUE]

    async def left(self) -> list[str]:
        """Return the numbers whose entries are not over."""
        entries = await self._entries()
        return [to for to, entry in entries.items() if entry is None or entry.pending]

    async def results(self) -> int:
        """Count the entries that have Twilio's SID."""
        entries = (await self._entries()).values()
        return sum(entry is not None and entry.deliveries[0].sid is not None for entry in entries)

    async def _entries(self) -> dict[str, Entry | None]:
        found: dict[str, Entry | None] = {}

        async def read(to: str) -> None:
            found[to] = await self._services.ledger.find(self._job_ids[to])

        await run_concurrently(MAX_CONCURRENT, self._job_ids, read)
        return found


@asynccontextmanager
async def open_switchboard_broker(twilio: str) -> AsyncIterator[Broker]:
    """Start an Azurite of its own."""
    with azurite() as storage:
        environment = settings(storage, twilio)
        async with Environment(environment).worker() as services:
            keys = {"SWITCHBOARD_HOST_KEY": FUNCTION_KEY}
            yield SwitchboardBroker(services, {**environment, **keys})
