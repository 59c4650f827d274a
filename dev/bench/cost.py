"""`cost`: what a message takes of storage, of functions and of Twilio, counted."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp

from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.stage import BODY, POLL, Stage, number, stage
from dev.bench.tap import IDLE, tapped
from dev.bench.turns import Size, at_once
from dev.local_settings import FUNCTION_KEY

SINGLE: Final = 200
BULK: Final = 2000
JOB: Final = 100
PLACES: Final = 8
LATENCY: Final = 0.02
ACCEPTED: Final = 202
DELETED: Final = "queue: delete"
EXECUTIONS: Final = "function executions"
REQUESTS: Final = "requests to Twilio"
HOW: Final = (
    "The local host in a process of its own, with a proxy before Azurite that counts each request. "
    "Messages come by HTTP, without status callbacks, which add one insert each. A function "
    "execution is a request to the app, or a queue message that was served and deleted. Polls "
    "that found nothing are shown apart: there are as many on a day without messages. "
    "One poll takes up to 32 messages, fewer where they come one by one."
)


@dataclass(frozen=True)
class Expected:
    """So many messages in so many jobs, from so many requests to the app."""

    messages: int
    jobs: int
    posts: int


async def cost(size: Size) -> Result:
    """Count it."""
    with stage(LATENCY) as ours:
        counted: Counter[str] = Counter()
        async with tapped(ours.storage, counted) as storage:
            host = ours.host(MESSAGE_STORAGE=storage, AzureWebJobsStorage=storage)
            async with beside(host) as address:
                headers = {"x-functions-key": FUNCTION_KEY}
                async with aiohttp.ClientSession(address, headers=headers) as session:
                    await _singles(ours, session, counted, PLACES)  # opens what is opened once
                    one = await _singles(ours, session, counted, size.of(SINGLE, 4))
                    many = await _batch(ours, session, counted, size.of(BULK, JOB))
    return Result(
        name="cost",
        measures="storage transactions of a message",
        how=HOW,
        comparisons=[
            _compared("a single message", one, Aim("≤", 6)),
            _compared("a recipient of a batch", many, Aim("≤", 0.3)),
        ],
        tables=[
            Table(
                "Counted, each message",
                ["", "single", "of a batch"],
                [
                    [kind, f"{one.get(kind, 0):.3f}", f"{many.get(kind, 0):.4f}"]
                    for kind in sorted({*one, *many}, key=_order)
                ],
            )
        ],
        known={
            "transactions_per_single": _storage(one),
            "transactions_per_recipient": _storage(many),
            "rows_per_single": one["table: insert"],
            "rows_per_recipient": many["table: insert"],
            "executions_per_single": one[EXECUTIONS],
            "executions_per_recipient": many[EXECUTIONS],
        },
    )


@asynccontextmanager
async def beside(program: AbstractContextManager[str]) -> AsyncIterator[str]:
    """Start and stop a program while this one goes on counting what that one asks."""
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


def _compared(what: str, counted: dict[str, float], aim: Aim) -> Comparison:
    return Comparison(
        what=what,
        against="one request to Twilio",
        unit="storage transactions",
        pairs=[(counted[REQUESTS], _storage(counted))],
        aim=aim,
    )


async def _singles(
    ours: Stage, session: aiohttp.ClientSession, counted: Counter[str], count: int
) -> dict[str, float]:
    async def post(place: int) -> None:
        await _post(session, "/api/messages", {"to": number(place), "body": BODY})

    work = at_once(PLACES, range(count), post)
    return await _counted(ours, counted, work, Expected(count, jobs=count, posts=count))


async def _batch(
    ours: Stage, session: aiohttp.ClientSession, counted: Counter[str], count: int
) -> dict[str, float]:
    recipients = [{"to": number(place)} for place in range(count)]
    fields = {"body": BODY, "recipients": recipients, "receipts": False}
    post = _post(session, "/api/batches", fields)
    return await _counted(ours, counted, post, Expected(count, jobs=-(-count // JOB), posts=1))


async def _counted(
    ours: Stage, counted: Counter[str], work: Awaitable[object], expected: Expected
) -> dict[str, float]:
    """What some work took, by its messages, once the last of its jobs is off the queue."""
    await ours.arrivals()
    counted.clear()
    await work
    while counted[DELETED] < expected.jobs:  # noqa: ASYNC110 - the host does not say
        await asyncio.sleep(POLL)
    whole = Counter(counted)
    whole[EXECUTIONS] = expected.posts + whole[DELETED]
    whole[REQUESTS] = await ours.arrived()
    return {kind: times / expected.messages for kind, times in whole.items()}


async def _post(session: aiohttp.ClientSession, path: str, fields: object) -> None:
    async with session.post(path, json=fields) as reply:
        if reply.status != ACCEPTED:
            raise RuntimeError(await reply.text())
