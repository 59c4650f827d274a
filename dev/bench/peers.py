"""`peers`: the same texts through Celery and dramatiq with Redis, and through Switchboard."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from statistics import median
from typing import Final

from dev.bench import redis_server
from dev.bench.contenders.contender import (
    ALONE,
    DRAMATIQ_PROCESSES,
    FULL_SPEED,
    HOST,
    KILLED,
    LEASE_SECONDS,
    PREFORK_PROCESSES,
    Contender,
)
from dev.bench.contenders.measure import Speed, Tally, measure_kill, measure_speed
from dev.bench.environment import LATENCY, MAX_CONCURRENT, number
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.runs import CannotRunError, Size, with_progress
from dev.bench.worker_process import PROC

TEXTS: Final = 2_000
TEXTS_OF_KILLED: Final = 1_000
ROUNDS: Final = 3
PATIENCE_SECONDS: Final = 120
PACKAGES: Final = ("celery", "dramatiq", "gevent", "redis")
MEBIBYTE: Final = 2**20

Speeds = Mapping[Contender, list[Speed]]

HOW: Final = (
    f"{TEXTS:,} texts to as many numbers; Twilio answers after {LATENCY * 1000:.0f} ms. They are "
    "on the queue before the worker starts, and what is measured is from the first tenth of them "
    "at Twilio to the last twentieth, so that no start-up counts. Processor time is user and "
    "system time of all processes of the worker; neither Redis, nor Azurite, nor the server that "
    "stands for Twilio is in it. Memory is the sum of what each process had at its peak, so what "
    "processes share is counted in each. All of it shares the same cores, and Azurite needs more "
    "of them than Redis, which shows in the messages a second.\n\n"
    f"Each of the others sends with the `twilio` library, a connection for each text that is "
    "under way, and keeps the SID as the result in Redis. Celery with gevent: one process, "
    f"`--pool gevent --concurrency {MAX_CONCURRENT}`; with prefork: `--pool prefork --concurrency "
    f"{PREFORK_PROCESSES}`, since a process waits for each text; otherwise its defaults, which "
    "reserve four texts for each of those. dramatiq: `--processes "
    f"{DRAMATIQ_PROCESSES} --threads {MAX_CONCURRENT // DRAMATIQ_PROCESSES}`, and the Results "
    "middleware. All are pinned in pyproject.toml; their programs are in dev/bench/contenders. "
    f"Switchboard has {MAX_CONCURRENT} at once, as in host.json, and its ledger: twice through "
    "the local host, which is its process and the emulation of Azure's host in it, and in the "
    "app's own process, where the deliver function is called for each text: claim, send, answer, "
    "on the real table.\n\n"
    f"Then {TEXTS_OF_KILLED:,} texts, and the worker with all its processes is killed with -9 "
    "when half of them are at Twilio, and started again. What it held is waited for: "
    f"{PATIENCE_SECONDS} seconds. With defaults, and as their documentation advises for what must "
    "not be lost. Celery: `task_acks_late`, `task_reject_on_worker_lost`, "
    f"`worker_prefetch_multiplier` 1, a visibility timeout of {LEASE_SECONDS} s (the default is an "
    "hour) and `unacked_restore_throttle` 1. dramatiq acknowledges late as it comes; with a "
    f"`heartbeat_timeout` of {LEASE_SECONDS} s (the default is 60) and maintenance at each command "
    f"(the default is one in a thousand). Switchboard: a lease of {LEASE_SECONDS} s (Azure's is "
    "ten minutes) and its defaults."
)


async def peers(
    size: Size,
    contenders: Sequence[Contender] = FULL_SPEED,
    killed: Sequence[Contender] = KILLED,
) -> Result:
    """Run the benchmark, with Switchboard itself among the contenders.

    Raises:
        CannotRunError: Redis or a package is missing here.
    """
    if reason := missing():
        raise CannotRunError(reason)
    speeds = await _measure_speeds(size, contenders)
    tallies = await _measure_kills(size, killed)
    return build_result(speeds, tallies)


def build_result(speeds: Speeds, tallies: Mapping[Contender, Tally]) -> Result:
    """Compare Switchboard with each of the others."""
    others = [each for each in speeds if each not in {HOST, ALONE}]
    return Result(
        name="peers",
        measures="texts through Celery, dramatiq and Switchboard",
        how=HOW,
        comparisons=[
            *(_processor_time(speeds, ALONE, other, Aim("≤", 1)) for other in others),
            *(_processor_time(speeds, HOST, other) for other in others),
            *(_rate(speeds, other) for other in others),
        ],
        tables=[_table_of_speeds(speeds), _table_of_tallies(tallies)],
    )


def missing() -> str:
    """Return why this cannot run here; empty where it can."""
    if not redis_server.is_installed():
        return "redis-server is not on the PATH; on Debian or Ubuntu: apt install redis-server"
    if absent := [name for name in PACKAGES if find_spec(name) is None]:
        return f"{', '.join(absent)} not installed; `python3 dev bench` does that"
    return "" if PROC.is_dir() else f"processor time is read in {PROC}, which only Linux has"


async def _measure_speeds(size: Size, contenders: Sequence[Contender]) -> Speeds:
    """Measure each contender in each round, in an order that changes."""
    numbers = [number(place) for place in range(size.of(TEXTS, 10))]
    speeds: dict[Contender, list[Speed]] = {each: [] for each in contenders}
    for place in with_progress(range(min(size.rounds, ROUNDS)), "peers"):
        first = place % len(contenders)
        for each in (*contenders[first:], *contenders[:first]):
            speeds[each].append(await measure_speed(each, numbers))
    return speeds


async def _measure_kills(size: Size, killed: Sequence[Contender]) -> dict[Contender, Tally]:
    """Kill a worker of each contender; they take turns to send, and wait at the same time."""
    numbers = [number(place) for place in range(size.of(TEXTS_OF_KILLED, 10))]
    patience, turn = size.of(PATIENCE_SECONDS), asyncio.Lock()
    found = await asyncio.gather(*(measure_kill(each, numbers, patience, turn) for each in killed))
    return dict(zip(killed, found, strict=True))


def _processor_time(
    speeds: Speeds,
    candidate: Contender,
    baseline: Contender,
    aim: Aim | None = None,
) -> Comparison:
    return Comparison(
        what=f"{candidate.name}: processor time",
        against=baseline.name,
        unit="ms a message",
        pairs=[
            (1000 * one.processor_seconds, 1000 * two.processor_seconds)
            for one, two in zip(speeds[baseline], speeds[candidate], strict=True)
        ],
        aim=aim,
    )


def _rate(speeds: Speeds, baseline: Contender) -> Comparison:
    return Comparison(
        what=f"{HOST.name}: messages a second",
        against=baseline.name,
        unit="messages/s",
        pairs=[
            (one.per_second, two.per_second)
            for one, two in zip(speeds[baseline], speeds[HOST], strict=True)
        ],
    )


def _table_of_speeds(speeds: Speeds) -> Table:
    def middle(values: Sequence[float], places: int) -> str:
        return f"{median(values):,.{places}f}"

    return Table(
        "At full speed, the median of the rounds",
        ["", "messages a second", "processor time of a message, ms", "memory, MiB"],
        [
            [
                each.name,
                middle([one.per_second for one in found], 0),
                middle([1000 * one.processor_seconds for one in found], 2),
                middle([one.peak_bytes / MEBIBYTE for one in found], 0),
            ]
            for each, found in speeds.items()
        ],
    )


def _table_of_tallies(tallies: Mapping[Contender, Tally]) -> Table:
    return Table(
        "Texts after a worker was killed halfway",
        [
            "",
            "lost",
            "doubled",
            "not sent yet",
            "sent, and to be sent again",
            "sent without a result",
        ],
        [
            [
                each.name,
                str(found.lost),
                str(found.doubled),
                str(found.late),
                str(found.late_doubles),
                str(found.unknown),
            ]
            for each, found in tallies.items()
        ],
    )
