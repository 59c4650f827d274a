"""What the benchmarks run in: settings, the real table and queues, and the app's services."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from dev.azurite import azurite
from dev.bench.peer_server import ARRIVALS, peer_server
from dev.bench.program import program
from dev.checkout import HERE
from dev.host.host_file import read_host_file
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, FUNCTION_KEY
from dev.ports import HOST, free_ports
from shared.accept.accept import build_job, hold_key
from shared.accept.validate import validate_request
from shared.app import App
from shared.jobs import ids
from shared.jobs.job import Job
from shared.provider.rest_api import TwilioProvider
from shared.storage.azure_queues import AzureQueues
from shared.storage.azure_table import AzureTable

LATENCY: Final = 0.1
TO: Final = "+14155552671"
BODY: Final = "Your code is 482913. It is good for ten minutes."
PUBLIC: Final = "https://switchboard.example"
OPTIONS: Final = read_host_file(HERE.root).queues
MAX_CONCURRENT: Final = OPTIONS.batch_size + OPTIONS.new_batch_threshold
HOST_READY: Final = "host ready on"
POLL: Final = 0.02
EXCHANGE: Final = 220


@dataclass(frozen=True)
class Environment:
    """The settings of one benchmark, and the programs that run with them."""

    environment: Mapping[str, str]

    @property
    def twilio(self) -> str:
        """The address of the peer server."""
        return self.environment["TWILIO_API_BASE_URL"]

    @property
    def storage(self) -> str:
        """The connection string."""
        return self.environment["MESSAGE_STORAGE"]

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[App]:
        """Open the services of one worker, and create its table and queues."""
        services = App(self.environment)
        await asyncio.gather(services.table.check(), services.queues.lengths())
        try:
            yield services
        finally:
            await close(services)

    @contextmanager
    def host(self, **more: str) -> Iterator[str]:
        """Run the local host in a process of its own; gives its address."""
        (port,) = free_ports(1)
        flags = ["--port", str(port), "--app", str(HERE.root)]
        keys = {"SWITCHBOARD_HOST_KEY": FUNCTION_KEY}
        environment = {**self.environment, **more, **keys}
        with program("dev.host", *flags, ready=HOST_READY, environment=environment):
            yield f"http://{HOST}:{port}"

    async def arrived(self) -> int:
        """Return how many messages arrived at the peer server since `arrivals` was last called."""
        async with aiohttp.ClientSession() as session, session.get(self.twilio + ARRIVALS) as reply:
            return int((await reply.json())["count"])

    async def arrivals(self) -> list[tuple[str, float]]:
        """Return to whom messages arrived, and when; the peer server then forgets them."""
        url = f"{self.twilio}{ARRIVALS}?times"
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            return [(to, at) for to, at in (await reply.json())["times"]]

    async def until_arrived(self, count: int) -> None:
        """Wait until so many messages arrived at the peer server."""
        while await self.arrived() < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL)


@contextmanager
def open_environment(latency: float = LATENCY) -> Iterator[Environment]:
    """Start Azurite in memory, and the peer server."""
    logging.getLogger("azure").setLevel(logging.WARNING)  # as in function_app.py
    with ExitStack() as stack:
        storage = stack.enter_context(azurite())
        twilio = stack.enter_context(peer_server(latency))
        yield Environment(settings(storage, twilio))


@asynccontextmanager
async def open_empty() -> AsyncIterator[tuple[Environment, App]]:
    """Open an environment for one round, and a worker's services.

    Azurite takes longer for each row the more it holds, so rounds would get slower.
    """
    with open_environment() as env:
        async with env.worker() as services:
            yield env, services


def settings(storage: str, twilio: str) -> dict[str, str]:
    """Return the app's settings."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_FROM_NUMBER": FROM_NUMBER,
        "TWILIO_API_BASE_URL": twilio,
        "PUBLIC_BASE_URL": PUBLIC,
        "MESSAGE_STORAGE": storage,
        "AzureWebJobsStorage": storage,
    }


async def close(services: App) -> None:
    """Close the connections of a worker."""
    opened = [vars(services).get(name) for name in ("table", "queues", "provider")]
    for service in opened:
        if isinstance(service, AzureTable | AzureQueues | TwilioProvider):
            await service.close()


async def jobs(services: App, count: int) -> list[Job]:
    """Return so many accepted jobs of one message each."""
    return await jobs_to(services, [TO] * count)


async def jobs_to(services: App, numbers: Sequence[str]) -> list[Job]:
    """Return an accepted job of one message to each number."""
    at = services.now()
    requests = {
        to: validate_request("message", {"to": to, "body": BODY}, services.settings, at)
        for to in set(numbers)
    }
    waiting = []
    for to in numbers:
        first = await hold_key(services, requests[to], ids.new_id(at, services.random()), at)
        waiting.append(build_job(requests[to], first))
    return waiting


def number(place: int) -> str:
    """Return a valid phone number for each place, up to 100,000."""
    return f"+1212{EXCHANGE + place // 10_000}{place % 10_000:04}"
