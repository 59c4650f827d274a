"""`cost`: count the storage, function and Twilio requests that a message takes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from dev.bench.counting_proxy import IDLE, count_requests
from dev.bench.environment import BODY, POLL, Environment, number, open_environment
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.runs import Size, run_concurrently
from dev.local_settings import FUNCTION_KEY

SINGLE: Final = 200
BULK: Final = 2000
JOB: Final = 100
CONCURRENCY: Final = 8
LATENCY: Final = 0.02
ACCEPTED: Final = 202
DELETED: Final = "queue: delete"
EXECUTIONS: Final = "function executions"
REQUESTS: Final = "requests to Twilio"
HOW: Final = (
    "The local host in a process of its own, with a proxy before Azurite that counts each request. "
    "Messages come by HTTP, without status callbacks, which add one insert each. A function "
    "execution is a request to the app, or a queue message that was served and deleted. Polls "
    "that found nothing are with_progress apart: there are as many on a day without messages. "
    "One poll takes up to 32 messages, fewer where they come one by one."
)


@dataclass(frozen=True)
class Expected:
    """Messages, the jobs that carry them, and the requests that they came in."""

    messages: int
    jobs: int
    posts: int


async def cost(size: Size) -> Result:
    """Run the benchmark."""
    with open_environment(LATENCY) as env:
        counted: Counter[str] = Counter()
        async with count_requests(env.storage, counted) as storage:
            host = env.host(MESSAGE_STORAGE=storage, AzureWebJobsStorage=storage)
            async with run_in_thread(host) as address:
                headers = {"x-functions-key": FUNCTION_KEY}
                async with aiohttp.ClientSession(address, headers=headers) as session:
                    await _singles(env, session, counted, CONCURRENCY)  # opens the connections
                    one = await _singles(env, session, counted, size.of(SINGLE, 4))
                    many = await _batch(env, session, counted, size.of(BULK, JOB))
    return Result(
        name="cost",
        measures="storage transactions of a message",
        how=HOW,
        comparisons=[
            _compare("a single message", one, Aim("≤", 6)),
            _compare("a recipient of a batch", many, Aim("≤", 0.3)),
        ],
        tables=[
            Table(
                "Requests per message",
                ["", "single", "of a batch"],
                [
                    [kind, f"{one.get(kind, 0):.3f}", f"{many.get(kind, 0):.4f}"]
                    for kind in sorted({*one, *many}, key=_order)
                ],
            )
        ],
    )


@asynccontextmanager
async def run_in_thread(program: AbstractContextManager[str]) -> AsyncIterator[str]:
    """Start and stop a program without blocking the proxy, which runs in this loop."""
    address = await asyncio.to_thread(program.__enter__)
    try:
        yield address
    finally:
        await asyncio.to_thread(program.__exit__, None, None, None)


def _order(kind: str) -> tuple[bool, str]:
    return kind in {EXECUTIONS, REQUESTS, IDLE}, kind


def _storage(counted: dict[str, float]) -> float:
    return sum(part for kind, part in counted.items() if kind.startswith(("queue", "table"))
               and kind != IDLE)  # fmt: skip


def _compare(what: str, counted: dict[str, float], aim: Aim) -> Comparison:
    return Comparison(
        what=what,
        against="one request to Twilio",
        unit="storage transactions",
        pairs=[(counted[REQUESTS], _storage(counted))],
        aim=aim,
    )


async def _singles(
    env: Environment, session: aiohttp.ClientSession, counted: Counter[str], count: int
) -> dict[str, float]:
    async def post(place: int) -> None:
        await _post(session, "/api/messages", {"to": number(place), "body": BODY})

    work = run_concurrently(CONCURRENCY, range(count), post)
    return await _count(env, counted, work, Expected(count, jobs=count, posts=count))


async def _batch(
    env: Environment, session: aiohttp.ClientSession, counted: Counter[str], count: int
) -> dict[str, float]:
    recipients = [{"to": number(place)} for place in range(count)]
    fields = {"body": BODY, "recipients": recipients, "receipts": False}
    post = _post(session, "/api/batches", fields)
    return await _count(env, counted, post, Expected(count, jobs=-(-count // JOB), posts=1))


async def _count(
    env: Environment, counted: Counter[str], work: Awaitable[object], expected: Expected
) -> dict[str, float]:
    """Return the requests per message, once the last job is off the queue."""
    await env.arrivals()
    counted.clear()
    await work
    while counted[DELETED] < expected.jobs:  # noqa: ASYNC110 - another process
        await asyncio.sleep(POLL)
    total = Counter(counted)
    total[EXECUTIONS] = expected.posts + total[DELETED]
    total[REQUESTS] = await env.arrived()
    return {kind: times / expected.messages for kind, times in total.items()}


async def _post(session: aiohttp.ClientSession, path: str, fields: object) -> None:
    async with session.post(path, json=fields) as reply:
        if reply.status != ACCEPTED:
            raise RuntimeError(await reply.text())
