"""`release`: the timer that moves what is due from the schedule onto the queue."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING, Final, cast

from azure.storage.queue.aio import QueueClient
from msgspec.structs import replace
from tqdm import tqdm  # type: ignore[import-untyped]  # ships no types

import function_app
from dev.bench.app import use_services
from dev.bench.environment import Environment, jobs, open_environment
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.profile import profile_shares
from dev.bench.runs import Size, run_concurrently, with_progress
from shared.app import App
from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.jobs.job import encode_job, sign
from shared.ledger import schema
from shared.ledger.schedule import MAX_CONCURRENT_PUTS, row_of
from shared.storage.queues import QUEUE_OF_LANE, Queues
from shared.storage.table import Row

if TYPE_CHECKING:
    import azure.functions as func

FEW: Final = 5_000
MANY: Final = 50_000
FEW_SECONDS: Final = 60
MANY_SECONDS: Final = 300
ROUNDS: Final = 3
PROFILED: Final = 1_000
MAX_RUNS: Final = 20
ROWS_PER_TRANSACTION: Final = 100
WRITING: Final = 2
QUEUE: Final = QUEUE_OF_LANE["now"]
BARE_QUEUE: Final = "bare"
MILLISECONDS: Final = 1000
# The function takes no notice of it.
TIMER: Final = cast("func.TimerRequest", None)
BARE: Final = f"the library puts as long messages, {MAX_CONCURRENT_PUTS} at once"
HOW: Final = (
    "Jobs of one message each, all due in the same minute, which is past, on Azurite's table; "
    "filling it is not on the clock. `release_scheduled` is called, and again where a run ended "
    "early, until all of them are on the queue and off the table. The baseline puts messages of "
    f"the same length with the library's `send_message`, {MAX_CONCURRENT_PUTS} at once, {FEW:,} "
    "in each round; it reads and deletes nothing. Processor time is that of the app's process, "
    "without Azurite's, which shares the cores. Azurite looks through the whole table for "
    "each page, and through a whole partition for each row, and slows down as they fill."
)


@dataclass(frozen=True)
class Taken:
    """How long so many messages took, by the clock on the wall and of the processor."""

    count: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.count / self.seconds

    @property
    def each(self) -> float:
        """Milliseconds of processor time of one message."""
        return MILLISECONDS * self.processor / self.count


async def release(size: Size) -> Result:
    """Run the benchmark."""
    few, many, profiled = size.of(FEW, 20), size.of(MANY, 40), size.of(PROFILED, 20)
    rounds = min(size.rounds, ROUNDS)
    with open_environment(latency=0) as env:
        async with env.worker() as services, _bare_queue(env) as bare:
            with use_services(services):
                await _fill(services, profiled)
                profile = await profile_shares(_release(services, profiled, "release, profiled"))
                of_few = [await _round(services, bare, few, few) for _ in range(rounds)]
                of_many = [await _round(services, bare, many, few)]
    return Result(
        name="release",
        measures="releasing what is due in one minute",
        how=HOW,
        comparisons=[
            *_compare(f"{few:,} due", of_few, "a minute", FEW_SECONDS),
            *_compare(f"{many:,} due", of_many, "five minutes", MANY_SECONDS),
        ],
        tables=[
            Table(
                "Releasing (and putting with the library)",
                ["due", "seconds", "messages/s", "ms of processor time of a message"],
                [_row(few, of_few), _row(many, of_many)],
            ),
            Table("What a message's processor time is made of", ["part", "share"], profile),
        ],
    )


def _compare(
    what: str, rounds: list[tuple[Taken, Taken]], limit: str, seconds: float
) -> list[Comparison]:
    return [
        Comparison(
            what=f"{what}, until all are released",
            against=limit,
            unit="s",
            pairs=[(seconds, own.seconds) for _, own in rounds],
            aim=Aim("≤", 1),
        ),
        Comparison(
            what=f"{what}, released a second",
            against=BARE,
            unit="messages/s",
            pairs=[(bare.rate, own.rate) for bare, own in rounds],
        ),
        Comparison(
            what=f"{what}, processor time of one",
            against=BARE,
            unit="ms",
            pairs=[(bare.each, own.each) for bare, own in rounds],
        ),
    ]


def _row(count: int, rounds: list[tuple[Taken, Taken]]) -> list[str]:
    bare, own = ([pair[side] for pair in rounds] for side in (0, 1))

    def middle(of: Callable[[Taken], float]) -> str:
        return f"{median(map(of, own)):.4g} ({median(map(of, bare)):.4g})"

    seconds = f"{median(taken.seconds for taken in own):.4g}"
    return [f"{count:,}", seconds, middle(lambda t: t.rate), middle(lambda t: t.each)]


async def _round(
    services: App, bare: QueueClient, count: int, bare_count: int
) -> tuple[Taken, Taken]:
    """Return what the baseline took, and then ours."""
    rows = await _fill(services, count)
    _, _, message = rows[0].text.partition("\n")

    async def put(_: object) -> None:
        await bare.send_message(message, time_to_live=-1)

    puts = run_concurrently(
        MAX_CONCURRENT_PUTS, with_progress(range(bare_count), "release, the library"), put
    )
    return (
        await _time(bare_count, puts),
        await _time(count, _release(services, count, f"release, {count:,}")),
    )


async def _time(count: int, work: Awaitable[None]) -> Taken:
    began, processor = time.perf_counter(), time.process_time()
    await work
    return Taken(count, time.perf_counter() - began, time.process_time() - processor)


async def _fill(services: App, count: int) -> list[Row]:
    """Put so many jobs on the schedule, for times in the last minute; return their rows."""
    (first,) = await jobs(services, 1)
    now = services.now()
    begin = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    by_partition: dict[str, list[Row]] = {}
    for place in range(count):
        job = replace(first, job=ids.new_id(now, services.random()))
        message = encode_job(sign(job, services.settings.twilio_auth_token)).decode()
        due = begin + timedelta(minutes=1) * (place / count)
        row = row_of(due, job.job, f"{QUEUE}\n{message}")
        by_partition.setdefault(row.partition, []).append(row)
    steps = [
        rows[start : start + ROWS_PER_TRANSACTION]
        for rows in by_partition.values()
        for start in range(0, len(rows), ROWS_PER_TRANSACTION)
    ]

    async def write(rows: list[Row]) -> None:
        await services.table.transaction(rows[0], rows[1:])

    await run_concurrently(WRITING, with_progress(steps, f"release, filling {count:,}"), write)
    return [row for rows in by_partition.values() for row in rows]


async def _release(services: App, count: int, label: str) -> None:
    """Let the timer's function run until nothing is left on the schedule."""
    usual = services.queues
    bar = tqdm(total=count, desc=f"{label:<28}", disable=None, leave=False)
    services.queues = cast("Queues", _WatchedQueues(usual, bar.update))  # it is only put on
    try:
        for _ in range(MAX_RUNS):
            # Storage that is too slow ends a run, and so does the clock; the next one goes on.
            with suppress(StorageUnavailableError):
                await function_app.release_scheduled(TIMER)
                if not await _is_any_left(services):
                    return
        raise RuntimeError(f"{MAX_RUNS} runs did not release {count} messages")
    finally:
        services.queues = usual
        bar.close()


async def _is_any_left(services: App) -> bool:
    partition = await services.table.next_partition(schema.SCHEDULE.first)
    return partition is not None and partition.startswith(schema.SCHEDULE.first)


class _WatchedQueues:
    """Queues that tell a progress bar of each put."""

    def __init__(self, queues: Queues, update: Callable[[int], object]) -> None:
        self._queues = queues
        self._update = update

    async def put(self, queue: str, message: bytes, delay: timedelta) -> None:
        await self._queues.put(queue, message, delay)
        self._update(1)


@asynccontextmanager
async def _bare_queue(env: Environment) -> AsyncIterator[QueueClient]:
    """Create a queue and open it with the library alone."""
    async with QueueClient.from_connection_string(
        env.storage, BARE_QUEUE, use_env_settings=False
    ) as queue:
        await queue.create_queue()
        yield queue
