"""`bulk`: ten thousand recipients, from the request to the last recorded answer."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

import msgspec

import function_app
from dev.bench.app import INVOCATION, app_with, queue_function, request
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.library import library_at_once
from dev.bench.profile import profiled
from dev.bench.stage import BODY, LATENCY, OPTIONS, Stage, number, stage
from dev.bench.turns import Size, alternate, per_core_second, per_second
from dev.checkout import HERE
from dev.host.invocation import Invoker
from dev.host.leased_queue import open_leased_queue
from dev.host.queue_trigger import QueueTrigger

RECIPIENTS: Final = 10_000
PLACES: Final = 100
ROUNDS: Final = 3
PROFILED: Final = 2000
LEASE: Final = 600
ACCEPTED: Final = 202
HOW: Final = (
    "`POST /api/batches` with 10,000 recipients, without receipts, to the function; its jobs of a "
    "hundred ride Azurite's queue to the delivering function, with host.json's options, until the "
    f"last answer is recorded. Twilio answers after {LATENCY * 1000:.0f} ms, and {PLACES} requests "
    "are there at once, which is TWILIO_MAX_CONCURRENCY as it comes."
)


async def bulk(size: Size) -> Result:
    """Measure it."""
    count = size.of(RECIPIENTS, 20)
    numbers = [number(place) for place in range(count)]
    rounds = Size(min(size.rounds, ROUNDS), size.part)
    with stage() as ours:
        async with ours.worker() as services, library_at_once(ours, PLACES) as library:
            with app_with(services):

                async def by_library() -> float:
                    return await per_second(count, library.send(numbers))

                async def by_us() -> float:
                    return await per_second(count, sent(ours, numbers))

                pairs = await alternate("bulk", rounds, by_library, by_us)
                own = await per_core_second(count, sent(ours, numbers))
                bare = await per_core_second(count, library.send(numbers))
                profile = await profiled(sent(ours, numbers[: size.of(PROFILED, 20)]))
    return Result(
        name="bulk",
        measures="ten thousand recipients, from the request to the last recorded answer",
        how=HOW,
        comparisons=[
            Comparison(
                what="POST /api/batches to the last answer",
                against=f"the library async, {PLACES} at once, no queue, no ledger",
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
        known={"core_seconds_per_recipient": 1 / own},
    )


async def sent(ours: Stage, numbers: list[str]) -> None:
    """Post a batch and deliver it."""
    await ours.arrivals()
    async with delivering(ours):
        body = {"body": BODY, "recipients": [{"to": to} for to in numbers], "receipts": False}
        asked = request("/api/batches", msgspec.json.encode(body))
        reply = await function_app.accept_batch(asked, INVOCATION)
        if reply.status_code != ACCEPTED:
            raise RuntimeError(reply.get_body().decode())
        await ours.until_arrived(len(numbers))


@asynccontextmanager
async def delivering(ours: Stage) -> AsyncIterator[None]:
    """Serve the queue of the bulk lane; in the end, what is in flight is finished."""
    invoker = Invoker(HERE.root, ThreadPoolExecutor())
    function = queue_function("bulk")
    queue = open_leased_queue(function, ours.environment, OPTIONS, LEASE)
    trigger = QueueTrigger(function, queue, invoker)
    await trigger.create_queues()
    serving = asyncio.create_task(trigger.run())
    try:
        yield
    finally:
        trigger.stop()
        await serving
