"""`bulk`: a batch of ten thousand, from the request to the last recorded answer."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

import msgspec

import function_app
from dev.bench.app import INVOCATION, queue_function, request, use_services
from dev.bench.environment import (
    BODY,
    LATENCY,
    OPTIONS,
    Environment,
    number,
    open_empty,
    open_environment,
)
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.profile import profile_shares
from dev.bench.runs import Size, alternate, per_core_second, per_second
from dev.bench.twilio_library import open_async_library
from dev.checkout import HERE
from dev.host.invocation import Invoker
from dev.host.leased_queue import open_leased_queue
from dev.host.queue_trigger import QueueTrigger

RECIPIENTS: Final = 10_000
CONCURRENCY: Final = 100
ROUNDS: Final = 3
PROFILED: Final = 2000
LEASE: Final = 600
ACCEPTED: Final = 202
HOW: Final = (
    "`POST /api/batches` with 10,000 recipients, without receipts, to the function; its jobs of a "
    "hundred go through Azurite's queue to the delivering function, with host.json's options, to "
    f"the last recorded answer. Twilio answers after {LATENCY * 1000:.0f} ms, and {CONCURRENCY} "
    "requests are there at once, the default of TWILIO_MAX_CONCURRENCY. Each round begins with an "
    "empty storage. The beginning is what costs: Azurite takes about two seconds to keep the rows "
    "by which recipients are found, one after another, and the first claims wait behind some of "
    "them."
)


async def bulk(size: Size) -> Result:
    """Run the benchmark."""
    count = size.of(RECIPIENTS, 20)
    numbers = [number(place) for place in range(count)]
    rounds = Size(min(size.rounds, ROUNDS), size.part)
    with open_environment() as env:
        async with open_async_library(env, CONCURRENCY) as library:

            async def by_library() -> float:
                return await per_second(count, library.send(numbers))

            async def by_us() -> float:
                async with open_empty() as (empty, services):
                    with use_services(services):
                        return await per_second(count, send_batch(empty, numbers))

            pairs = await alternate("bulk", rounds, by_library, by_us)
            bare = await per_core_second(count, library.send(numbers))
    async with open_empty() as (empty, services):
        with use_services(services):
            own = await per_core_second(count, send_batch(empty, numbers))
            profile = await profile_shares(send_batch(empty, numbers[: size.of(PROFILED, 20)]))
    return Result(
        name="bulk",
        measures="ten thousand recipients, from the request to the last recorded answer",
        how=HOW,
        comparisons=[
            Comparison(
                what="POST /api/batches to the last answer",
                against=f"the library async, {CONCURRENCY} at once, no queue, no ledger",
                unit="recipients/s",
                pairs=pairs,
                aim=Aim("≥", 0.9),
            )
        ],
        tables=[
            Table(
                "Processor time of a recipient",
                ["", "ms"],
                [
                    ["a batch, accepted and delivered", f"{1000 / own:.2f}"],
                    ["the library async: send", f"{1000 / bare:.2f}"],
                ],
            ),
            Table("What a recipient's processor time is made of", ["part", "share"], profile),
        ],
    )


async def send_batch(env: Environment, numbers: list[str]) -> None:
    """Post a batch and deliver all of it."""
    await env.arrivals()
    async with serve_bulk_queue(env):
        body = {"body": BODY, "recipients": [{"to": to} for to in numbers], "receipts": False}
        posted = request("/api/batches", msgspec.json.encode(body))
        reply = await function_app.accept_batch(posted, INVOCATION)
        if reply.status_code != ACCEPTED:
            raise RuntimeError(reply.get_body().decode())
        await env.until_arrived(len(numbers))


@asynccontextmanager
async def serve_bulk_queue(env: Environment) -> AsyncIterator[None]:
    """Serve the queue of the bulk lane; at the end, finish what is in flight."""
    invoker = Invoker(HERE.root, ThreadPoolExecutor())
    function = queue_function("bulk")
    queue = open_leased_queue(function, env.environment, OPTIONS, LEASE)
    trigger = QueueTrigger(function, queue, invoker)
    await trigger.create_queues()
    serving = asyncio.create_task(trigger.run())
    try:
        yield
    finally:
        trigger.stop()
        await serving
