"""`drain`: from jobs in hand to recorded answers, against the `twilio` library alone."""

import asyncio
from typing import Final

from dev.bench.environment import (
    MAX_CONCURRENT,
    TO,
    Environment,
    jobs,
    open_empty,
    open_environment,
)
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.profile import profile_shares
from dev.bench.runs import Size, alternate, per_core_second, per_second, run_concurrently
from dev.bench.twilio_library import AsyncLibrary, LoopLibrary, open_async_library
from shared.app import App
from shared.deliver.worker import deliver_job
from shared.jobs.job import Job, encode_job, sign
from shared.storage.queues import QUEUE_OF_LANE

MESSAGES: Final = 800
QUEUE_MESSAGES: Final = 400
HOST_ROUNDS: Final = 3
LOOP_MESSAGES: Final = 12
PROFILED_MESSAGES: Final = 400
HOW: Final = (
    f"Jobs of one message each. Twilio answers after 100 ms. {MAX_CONCURRENT} at a time, which is "
    "host.json's batchSize + newBatchThreshold. The loop is measured on few messages and is as "
    "fast with many, for it waits for each. In the first two rows nothing but the delivering "
    "function's own work is on the clock: claim, send, answer, on the real table, which is empty "
    "when a round begins. The third has the messages on Azurite's queue and the local host in a "
    "process of its own, from the first message at Twilio to the last."
)


async def drain(size: Size) -> Result:
    """Run the benchmark."""
    with open_environment() as env:
        async with env.worker() as services, open_async_library(env, MAX_CONCURRENT) as library:
            return await _measure(size, env, services, library)


async def _measure(size: Size, env: Environment, services: App, library: AsyncLibrary) -> Result:
    count, looped = size.of(MESSAGES, 8), size.of(LOOP_MESSAGES, 2)
    few = Size(min(size.rounds, HOST_ROUNDS), size.part)
    loop = LoopLibrary(env)

    async def one_by_one() -> float:
        return await per_second(looped, asyncio.to_thread(loop.send, [TO] * looped))

    async def by_library() -> float:
        return await per_second(count, library.send([TO] * count))

    async def by_us() -> float:
        async with open_empty() as (_, empty):
            return await per_second(count, deliver(empty, await jobs(empty, count)))

    async def by_host() -> float:
        return await through_host(env, services, size.of(QUEUE_MESSAGES, 8))

    pairs = {
        "loop": await alternate("drain, against the loop", size, one_by_one, by_us),
        "limit": await alternate("drain, against the limit", size, by_library, by_us),
        "host": await alternate("drain, through the host", few, one_by_one, by_host),
    }
    async with open_empty() as (_, empty):
        own = await per_core_second(count, deliver(empty, await jobs(empty, count)))
        few_jobs = await jobs(empty, size.of(PROFILED_MESSAGES, 8))
        profile = await profile_shares(deliver(empty, few_jobs))
    bare = await per_core_second(count, library.send([TO] * count))
    return Result(
        name="drain",
        measures="single messages, from jobs in hand to recorded answers",
        how=HOW,
        comparisons=[
            _compare("deliver, in process", "the library in a loop", pairs["loop"], 20),
            _compare(
                f"deliver, in process, {MAX_CONCURRENT} at once",
                f"the library async, {MAX_CONCURRENT} at once, no queue, no ledger",
                pairs["limit"],
                0.6,
            ),
            _compare(
                "deliver, from Azurite's queue, local host",
                "the library in a loop",
                pairs["host"],
                5,
            ),
        ],
        tables=[
            Table(
                "Processor time of a message",
                ["", "ms"],
                [
                    ["deliver: claim, send, answer", f"{1000 / own:.2f}"],
                    ["the library async: send", f"{1000 / bare:.2f}"],
                ],
            ),
            Table("What a message's processor time is made of", ["part", "share"], profile),
        ],
    )


def _compare(what: str, against: str, pairs: list[tuple[float, float]], aim: float) -> Comparison:
    return Comparison(what=what, against=against, unit="messages/s", pairs=pairs, aim=Aim("≥", aim))


async def deliver(services: App, waiting: list[Job]) -> None:
    """Deliver new jobs as the queue's function does."""

    async def one(job: Job) -> None:
        await deliver_job(services, job, again=False)

    await run_concurrently(MAX_CONCURRENT, waiting, one)


async def through_host(env: Environment, services: App, count: int) -> float:
    """Return messages a second from Azurite's queue: between the first and the last at Twilio."""
    token = services.settings.twilio_auth_token
    texts = [encode_job(sign(job, token)) for job in await jobs(services, count)]

    async def put(text: bytes) -> None:
        await services.queues.put(QUEUE_OF_LANE["now"], text)

    await run_concurrently(MAX_CONCURRENT, texts, put)
    await env.arrivals()
    with env.host():
        await env.until_arrived(count)
    times = sorted(at for _, at in await env.arrivals())
    return (count - 1) / max(times[-1] - times[0], 0.001)
