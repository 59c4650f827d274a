"""`drain`: from jobs in hand to recorded answers, beside the `twilio` library alone."""

import asyncio
from typing import Final

from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.library import AtOnce, InALoop, library_at_once
from dev.bench.profile import profiled
from dev.bench.stage import AT_ONCE, TO, Stage, jobs, stage
from dev.bench.turns import Size, alternate, at_once, per_core_second, per_second
from shared.app import App
from shared.deliver.worker import deliver_job
from shared.jobs.job import Job, encode_job
from shared.storage.queues import QUEUE_OF_LANE

MESSAGES: Final = 800
QUEUED: Final = 400
HOST_ROUNDS: Final = 3
LOOPED: Final = 12
PROFILED: Final = 400
HOW: Final = (
    f"Jobs of one message each. Twilio answers after 100 ms. {AT_ONCE} at a time, which is "
    "host.json's batchSize + newBatchThreshold. The loop is measured on few messages and is as "
    "fast with many, for it waits for each. In the first two rows nothing but the delivering "
    "function's own work is on the clock: claim, send, answer, on the real table. The third has "
    "the messages on Azurite's queue and the local host in a process of its own, from the first "
    "message at Twilio to the last."
)


async def drain(size: Size) -> Result:
    """Measure it."""
    with stage() as ours:
        async with ours.worker() as services, library_at_once(ours, AT_ONCE) as async_library:
            return await _measured(size, ours, services, async_library)


async def _measured(size: Size, ours: Stage, services: App, library: AtOnce) -> Result:
    count, looped = size.of(MESSAGES, 8), size.of(LOOPED, 2)
    few = Size(min(size.rounds, HOST_ROUNDS), size.part)
    loop = InALoop(ours)

    async def one_by_one() -> float:
        return await per_second(looped, asyncio.to_thread(loop.send, [TO] * looped))

    async def by_library() -> float:
        return await per_second(count, library.send([TO] * count))

    async def by_us() -> float:
        return await per_second(count, deliver(services, await jobs(services, count)))

    async def by_host() -> float:
        return await through_host(ours, services, size.of(QUEUED, 8))

    found = {
        "loop": await alternate("drain, beside the loop", size, one_by_one, by_us),
        "limit": await alternate("drain, beside the limit", size, by_library, by_us),
        "host": await alternate("drain, through the host", few, one_by_one, by_host),
    }
    own = await per_core_second(count, deliver(services, await jobs(services, count)))
    bare = await per_core_second(count, library.send([TO] * count))
    profile = await profiled(deliver(services, await jobs(services, size.of(PROFILED, 8))))
    return Result(
        name="drain",
        measures="single messages, from jobs in hand to recorded answers",
        how=HOW,
        comparisons=[
            _compared("deliver, in process", "the library in a loop", found["loop"], 20),
            _compared(
                f"deliver, in process, {AT_ONCE} at once",
                f"the library async, {AT_ONCE} at once, no queue, no ledger",
                found["limit"],
                0.5,
            ),
            _compared(
                "deliver, from Azurite's queue, local host",
                "the library in a loop",
                found["host"],
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
        known={"core_seconds_per_single": 1 / own},
    )


def _compared(what: str, against: str, pairs: list[tuple[float, float]], aim: float) -> Comparison:
    return Comparison(what=what, against=against, unit="messages/s", pairs=pairs, aim=Aim("≥", aim))


async def deliver(services: App, waiting: list[Job]) -> None:
    """Deliver jobs as the queue's function does with new ones."""

    async def one(job: Job) -> None:
        await deliver_job(services, job, again=False)

    await at_once(AT_ONCE, waiting, one)


async def through_host(ours: Stage, services: App, count: int) -> float:
    """Messages a second from Azurite's queue: between the first and the last at Twilio."""
    texts = [encode_job(job) for job in await jobs(services, count)]

    async def put(text: bytes) -> None:
        await services.queues.put(QUEUE_OF_LANE["now"], text)

    await at_once(AT_ONCE, texts, put)
    await ours.arrivals()
    with ours.host():
        await ours.until_arrived(count)
    times = sorted(at for _, at in await ours.arrivals())
    return (count - 1) / max(times[-1] - times[0], 0.001)
