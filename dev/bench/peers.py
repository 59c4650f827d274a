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
    f"{{texts:,}} texts to as many numbers; Twilio answers after {LATENCY * 1000:.0f} ms. All of "
    "them are on the queue before the worker starts. Measured is the time from the first tenth of "
    "them at Twilio until only the last twentieth is missing, so that no start-up counts. "
    "Processor time is the user and system time of all processes of the worker. Redis, Azurite "
    "and the server that stands for Twilio are not in it, but they share the cores, and Azurite "
    "needs more of them than Redis does, which shows in the messages a second. Memory is the sum "
    "of each process's peak (resident), so what processes share is counted in each of them.\n\n"
    "Celery and dramatiq send with the `twilio` library, with a connection for each text under "
    "way, and keep the SID as the result in Redis. Celery with gevent: `--pool gevent "
    f"--concurrency {MAX_CONCURRENT}`, and as many connections to Redis as it has greenlets "
    "(`broker_pool_limit`, `max_connections`; with the default of ten some acknowledgements "
    f"fail). Celery with prefork: `--pool prefork --concurrency {PREFORK_PROCESSES}`, as each "
    "process waits for its text. Everything else is Celery's default. dramatiq: `--processes "
    f"{DRAMATIQ_PROCESSES} --threads {MAX_CONCURRENT // DRAMATIQ_PROCESSES}`, and the `Results` "
    "middleware. The versions are in pyproject.toml, the programs in dev/bench/contenders.\n\n"
    f"Switchboard sends {MAX_CONCURRENT} at once, as host.json says, and keeps its ledger. It is "
    "measured twice: from Azurite's queue through the local host, which runs the app and does the "
    "work of Azure's host in the same process; and in the app's own process alone, where the "
    "deliver function is called for each text: claim, send, answer, on the real table. Those "
    "are three HTTP requests. dramatiq makes one, and gives Redis a few commands, which cost far "
    "less: where the aim is missed, that is why.\n\n"
    "Then each worker gets {killed:,} texts, is killed with -9, with all its processes, "
    "when half of them are at Twilio, and is started again. What the dead worker held has "
    f"{PATIENCE_SECONDS} s to come back. Celery and dramatiq run with their defaults, and then as "
    "their documentation advises for work that must not be lost. Celery: `task_acks_late`, "
    "`task_reject_on_worker_lost`, `worker_prefetch_multiplier` 1, a visibility timeout of "
    f"{LEASE_SECONDS} s (default: an hour) and `unacked_restore_throttle` 1. dramatiq always "
    f"acknowledges late; here with a `heartbeat_timeout` of {LEASE_SECONDS} s (default: 60) and "
    "`maintenance_chance` 1,000,000, which looks for dead workers at each command (default: at "
    f"one in a thousand). Switchboard: a lease of {LEASE_SECONDS} s (in Azure ten minutes), and "
    "its defaults. How many texts are hit depends on how many are under way at that moment, so "
    "the numbers differ from run to run."
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
    texts, texts_of_killed = size.of(TEXTS, 10), size.of(TEXTS_OF_KILLED, 10)
    rounds, patience = min(size.rounds, ROUNDS), size.of(PATIENCE_SECONDS)
    speeds = await _measure_speeds(_numbers(texts), rounds, contenders)
    tallies = await _measure_kills(_numbers(texts_of_killed), patience, killed)
    return build_result(texts, speeds, texts_of_killed, tallies)


def build_result(
    texts: int, speeds: Speeds, texts_of_killed: int, tallies: Mapping[Contender, Tally]
) -> Result:
    """Compare Switchboard with each of the others; the numbers are those of a run's texts."""
    others = [each for each in speeds if each not in {HOST, ALONE}]
    return Result(
        name="peers",
        measures="texts through Celery, dramatiq and Switchboard",
        how=HOW.format(texts=texts, killed=texts_of_killed),
        comparisons=[
            *(_processor_time(speeds, ALONE, other, Aim("≤", 1)) for other in others),
            *(_processor_time(speeds, HOST, other) for other in others),
            *(_rate(speeds, other) for other in others),
        ],
        tables=[_table_of_speeds(speeds), _table_of_tallies(texts_of_killed, tallies)],
    )


def missing() -> str:
    """Return why this cannot run here; empty where it can."""
    if not redis_server.is_installed():
        return "redis-server is not on the PATH; on Debian or Ubuntu: apt install redis-server"
    if absent := [name for name in PACKAGES if find_spec(name) is None]:
        return f"{', '.join(absent)} not installed; `python3 dev bench` does that"
    return "" if PROC.is_dir() else f"processor time is read in {PROC}, which only Linux has"


def _numbers(count: int) -> list[str]:
    return [number(place) for place in range(count)]


async def _measure_speeds(
    numbers: Sequence[str], rounds: int, contenders: Sequence[Contender]
) -> Speeds:
    """Measure each contender in each round, in an order that changes."""
    speeds: dict[Contender, list[Speed]] = {each: [] for each in contenders}
    for place in with_progress(range(rounds), "peers"):
        first = place % len(contenders)
        for each in (*contenders[first:], *contenders[:first]):
            speeds[each].append(await measure_speed(each, numbers))
    return speeds


async def _measure_kills(
    numbers: Sequence[str], patience: float, killed: Sequence[Contender]
) -> dict[Contender, Tally]:
    """Kill a worker of each contender; they take turns to send, and wait at the same time."""
    turn = asyncio.Lock()
    found = await asyncio.gather(*(measure_kill(each, numbers, patience, turn) for each in killed))
    return dict(zip(killed, found, strict=True))


def _processor_time(
    speeds: Speeds,
    candidate: Contender,
    baseline: Contender,
    aim: Aim | None = None,
) -> Comparison:
    return Comparison(
        what=f"{_short(candidate)}: processor time ({baseline.name} = 1)",
        against=baseline.name,
        unit="ms a message",
        pairs=[
            (1000 * one.processor_seconds, 1000 * two.processor_seconds)
            for one, two in zip(speeds[baseline], speeds[candidate], strict=True)
        ],
        aim=aim,
    )


def _short(ours: Contender) -> str:
    return ours.name.removeprefix("Switchboard, ")


def _rate(speeds: Speeds, baseline: Contender) -> Comparison:
    return Comparison(
        what=f"{_short(HOST)}: messages a second ({baseline.name} = 1)",
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


def _table_of_tallies(texts: int, tallies: Mapping[Contender, Tally]) -> Table:
    return Table(
        f"What became of {texts:,} texts whose worker was killed halfway",
        [
            "",
            "lost",
            "doubled",
            "not sent yet",
            "sent, and still queued",
            "sent, without a result",
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
