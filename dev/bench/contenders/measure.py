"""One run of a contender: at full speed, or killed halfway."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from dev.bench.contenders.contender import Contender
from dev.bench.environment import LATENCY, Environment
from dev.bench.peer_server import peer_server
from dev.bench.worker_process import WorkerProcess, worker_process

SAMPLE_SECONDS: Final = 0.1
# The shares of the texts between which is measured: before it the worker starts, after it the
# last texts leave it idle.
FIRST_SHARE, LAST_SHARE = 0.1, 0.95
QUIET_SECONDS: Final = 3.0
# How long a result may take that belongs to the last text.
RESULT_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Speed:
    """Texts a second, processor seconds of a text, and the worker's memory at its peak."""

    per_second: float
    processor_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Sample:
    """When so many texts had arrived, and the processor time until then."""

    at: float
    arrived: int
    seconds: float


@dataclass(frozen=True)
class Tally:
    """What became of texts, after a worker was killed.

    `lost` never arrived and nothing will send them. `late` did not arrive, and `late_doubles` did
    and are still to be sent once more, as far as the queue knows. `unknown` arrived without a
    result.
    """

    lost: int
    doubled: int
    late: int
    late_doubles: int
    unknown: int


def tally(
    numbers: Iterable[str], arrivals: Iterable[str], left: Iterable[str], results: int
) -> Tally:
    """Count, from the numbers that were asked for, that arrived, and that are left on the queue."""
    asked, count, waiting = set(numbers), Counter(arrivals), set(left)
    arrived = asked & count.keys()
    return Tally(
        lost=len(asked - arrived - waiting),
        doubled=sum(times - 1 for times in count.values()),
        late=len((asked - arrived) & waiting),
        late_doubles=len(arrived & waiting),
        unknown=max(0, len(arrived) - results),
    )


def speed_of(samples: Sequence[Sample], count: int, peak_bytes: int) -> Speed:
    """Return the speed between the first and the last share of `count` texts."""
    first = next(each for each in samples if each.arrived >= FIRST_SHARE * count)
    last = next(each for each in samples if each.arrived >= LAST_SHARE * count)
    if first.arrived == last.arrived:  # a few texts, all at once
        first = samples[0]
    sent = last.arrived - first.arrived
    return Speed(sent / (last.at - first.at), (last.seconds - first.seconds) / sent, peak_bytes)


async def measure_speed(contender: Contender, numbers: Sequence[str]) -> Speed:
    """Put texts on the queue, then start a worker, and measure while it sends them."""
    with peer_server(LATENCY) as twilio:
        async with contender.open(twilio) as broker:
            typed = "\n".join(numbers) if contender.takes_numbers else ""
            if not contender.takes_numbers:
                await broker.put(numbers)
            environment = {**broker.environment, **contender.environment}
            env = Environment(environment)
            with worker_process("contender", contender.command, environment, typed) as worker:
                samples = [Sample(time.perf_counter(), 0, 0.0)]
                while samples[-1].arrived < len(numbers):
                    await asyncio.sleep(SAMPLE_SECONDS)
                    worker.require_running()
                    seconds = worker.usage().seconds
                    samples.append(Sample(time.perf_counter(), await env.arrived(), seconds))
                return speed_of(samples, len(numbers), worker.usage().peak_bytes)


async def measure_kill(
    contender: Contender, numbers: Sequence[str], patience: float, turn: asyncio.Lock
) -> Tally:
    """Kill a worker when half of the texts have arrived, start another, and count.

    Waits at most `patience` seconds for what the dead one held. Others may send when it is not
    this one's `turn`: waiting needs no processor.
    """
    with peer_server(LATENCY) as twilio:
        async with contender.open(twilio) as broker:
            environment = {**broker.environment, **contender.environment}
            env = Environment(environment)
            name = f"killed-{contender.name.lower().replace(', ', '-').replace(' ', '-')}"

            def start() -> WorkerProcess:
                return WorkerProcess(name, contender.command, environment)

            worker: WorkerProcess | None = None
            try:
                async with turn:
                    await broker.put(numbers)
                    worker = start()
                    while await env.arrived() < len(numbers) / 2:
                        worker.require_running()
                        await asyncio.sleep(SAMPLE_SECONDS / 2)
                    worker.kill()
                    worker = start()
                    deadline = time.monotonic() + patience
                    await _until_quiet(env, len(numbers), deadline)
                while not await broker.is_empty() and time.monotonic() < deadline:
                    worker.require_running()
                    await asyncio.sleep(1)
                await asyncio.sleep(RESULT_SECONDS)
            finally:
                if worker is not None:
                    worker.kill()
            arrivals = [to for to, _ in await env.arrivals()]
            return tally(numbers, arrivals, await broker.left(), await broker.results())


async def _until_quiet(env: Environment, count: int, deadline: float) -> None:
    """Wait until everything arrived, or until nothing more does after some did."""
    before = arrived = await env.arrived()
    changed = time.monotonic()
    while arrived < count and time.monotonic() < deadline:
        await asyncio.sleep(SAMPLE_SECONDS)
        now = await env.arrived()
        if now > arrived:
            arrived, changed = now, time.monotonic()
        elif before < arrived and time.monotonic() - changed > QUIET_SECONDS:
            return
