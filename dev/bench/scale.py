"""`python -m dev.bench.scale`: what a day of so many messages needs, reckoned and simulated.

What a message costs is counted and measured by the benchmarks; limits and prices are the
services' published ones. Reckoning takes the busiest second as an average one of the busiest
hour; the simulation lets that hour happen second by second, with chance in it.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from dev.bench.figures import FOLDER, read
from dev.bench.report import table

DAY: Final = 86_400
HOUR: Final = 3600
# Nine tenths of a day's messages come in a half sine from eight to eight, the rest all day long.
PEAK: Final = 0.9 * math.pi / 2 * 2 + 0.1
SHARDS: Final = 16
REPORTS: Final = 3  # status callbacks of a message: sending or sent, sent, delivered
TWILIO_SECONDS: Final = 0.1
ROW_BYTES: Final = 700
KEPT_DAYS: Final = 90


@dataclass(frozen=True)
class Limit:
    """A published limit, and where it is published; the unit is in the name."""

    name: str
    most: float
    source: str


STORAGE: Final = "https://learn.microsoft.com/azure/storage/queues/scalability-targets"
TABLES: Final = "https://learn.microsoft.com/azure/storage/tables/scalability-targets"
FUNCTIONS: Final = "https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan"
TWILIO: Final = "https://help.twilio.com/articles/115002943027"
SENDER: Final = Limit("segments a second of one short code", 100, TWILIO)
ROOM: Final = Limit("requests at once of one Twilio account (as it comes)", 100, TWILIO)
QUEUE: Final = Limit("messages a second of one queue", 2000, STORAGE)
ACCOUNT: Final = Limit("requests a second of one storage account", 20_000, STORAGE)
PARTITION: Final = Limit("rows a second of one table partition", 2000, TABLES)
INSTANCES: Final = Limit("instances of one app (Flex Consumption)", 1000, FUNCTIONS)
LIMITS: Final = (SENDER, ROOM, QUEUE, ACCOUNT, PARTITION, INSTANCES)

# US dollars, pay as you go, West Europe or US East; they change, so look before you rely on them:
# https://azure.microsoft.com/pricing and https://www.twilio.com/en-us/sms/pricing/us
PRICES: Final[Mapping[str, float]] = {
    "storage transaction": 0.0004 / 10_000,
    "GB of rows and month": 0.045,
    "function execution": 0.40 / 1_000_000,
    "GB-second": 0.000026,
    "segment in the USA": 0.0083,
}
INSTANCE_GB: Final = 2
NEEDED: Final = frozenset(
    {
        "core_seconds_per_callback",
        "core_seconds_per_recipient",
        "core_seconds_per_single",
        "executions_per_recipient",
        "executions_per_single",
        "rows_per_recipient",
        "rows_per_single",
        "transactions_per_recipient",
        "transactions_per_single",
    }
)
BUSY: Final = 0.7  # the part of a core that is put to use before another instance is wanted


@dataclass(frozen=True)
class Way:
    """What one message costs on its way, from the benchmarks; times are core seconds."""

    name: str
    transactions: float
    rows: float
    executions: float
    jobs: float
    core_seconds: float


@dataclass(frozen=True)
class Needs:
    """What the busiest second asks for."""

    per_second: float
    instances: float
    at_twilio: float
    queue: float
    account: float
    partition: float

    def of(self, limit: Limit) -> float:
        """How much of a limited thing is asked for."""
        return {
            SENDER: self.per_second,
            ROOM: self.at_twilio,
            QUEUE: self.queue,
            ACCOUNT: self.account,
            PARTITION: self.partition,
            INSTANCES: self.instances,
        }[limit]


def ways(known: Mapping[str, float]) -> tuple[Way, Way]:
    """A single message, and a recipient of a batch; each with its status callbacks.

    Accepting a single message makes two storage calls and so does delivering it, which is why
    its processor time is counted twice.
    """
    reports = REPORTS * known["core_seconds_per_callback"]
    return (
        Way(
            name="single",
            transactions=known["transactions_per_single"] + REPORTS,
            rows=known["rows_per_single"] + REPORTS,
            executions=known["executions_per_single"] + REPORTS,
            jobs=1,
            core_seconds=2 * known["core_seconds_per_single"] + reports,
        ),
        Way(
            name="bulk",
            transactions=known["transactions_per_recipient"] + REPORTS,
            rows=known["rows_per_recipient"] + REPORTS,
            executions=known["executions_per_recipient"] + REPORTS,
            jobs=0.01,
            core_seconds=known["core_seconds_per_recipient"] + reports,
        ),
    )


def reckoned(way: Way, per_second: float) -> Needs:
    """What so many messages a second need."""
    return Needs(
        per_second=per_second,
        instances=per_second * way.core_seconds / BUSY,
        at_twilio=per_second * TWILIO_SECONDS,
        queue=per_second * way.jobs,
        account=per_second * way.transactions,
        partition=per_second * way.rows / SHARDS,
    )


def simulated(way: Way, per_second: float, seed: int = 5) -> tuple[Needs, float]:
    """The greatest needs of the busiest hour, second by second, and the longest wait in it.

    Messages come by chance, each in a shard of its own choice; what instances cannot take waits;
    every ten seconds there are as many instances as the work of the last ten seconds wanted.
    """
    dice = Random(seed)  # noqa: S311 - the same in every run
    each = BUSY / way.core_seconds  # messages a second of one instance
    instances, waiting, came, longest = max(1, math.ceil(per_second / each)), 0.0, 0.0, 0.0
    most = dict.fromkeys(("messages", "shard", "instances"), 0.0)
    for second in range(HOUR):
        arrivals = _chance(dice, per_second)
        waiting += arrivals
        came += arrivals
        sent = min(waiting, instances * each)
        waiting -= sent
        longest = max(longest, waiting / (instances * each))
        shard = max(_chance(dice, sent * way.rows / SHARDS) for _ in range(SHARDS))
        most = {
            "messages": max(most["messages"], sent),
            "shard": max(most["shard"], shard),
            "instances": max(most["instances"], instances),
        }
        if second % 10 == 9:  # noqa: PLR2004 - the last of ten
            instances = max(1, math.ceil((came / 10 + waiting) / each))
            came = 0.0
    needs = reckoned(way, most["messages"])
    return (
        Needs(
            per_second=most["messages"],
            instances=most["instances"],
            at_twilio=needs.at_twilio,
            queue=needs.queue,
            account=needs.account,
            partition=most["shard"],
        ),
        longest,
    )


def _chance(dice: Random, mean: float) -> float:
    """How many of something that comes by chance, `mean` on average, come in a second."""
    return max(0.0, dice.gauss(mean, math.sqrt(mean)))


def known() -> dict[str, float]:
    """What the benchmarks found, to two digits: the third is noise."""
    found: dict[str, float] = {}
    for run in read(FOLDER).values():
        found |= run.result.known
    return {name: float(f"{value:.2g}") for name, value in found.items()}


def tables(costs: Mapping[str, float]) -> str:
    """Everything that docs/scale.md shows."""
    blocks = (_messages(costs), _needs(costs), _walls(costs), _bills(costs), _agreement(costs))
    return "\n\n".join("\n".join(block) for block in blocks)


VOLUMES: Final = {"1 million": 1e6, "100 million": 1e8}


def _cases(costs: Mapping[str, float]) -> Iterator[tuple[str, Way, float]]:
    for words, a_day in VOLUMES.items():
        for way in ways(costs):
            yield f"{words}, {way.name}", way, a_day


def _messages(costs: Mapping[str, float]) -> Iterator[str]:
    single, bulk = ways(costs)
    lines = [
        ("storage transactions", "transactions"),
        ("rows in the ledger", "rows"),
        ("function executions", "executions"),
        ("queue messages", "jobs"),
        ("core seconds", "core_seconds"),
    ]
    rows = [[what, f"{getattr(single, n):.3g}", f"{getattr(bulk, n):.3g}"] for what, n in lines]
    head = f"a message, its {REPORTS} status callbacks included"
    yield from table([head, "single", "bulk"], rows)


def _needs(costs: Mapping[str, float]) -> Iterator[str]:
    cases = list(_cases(costs))
    peaks = [reckoned(way, a_day / DAY * PEAK) for _, way, a_day in cases]
    rows = [["messages in the busiest second", *(f"{n.per_second:,.0f}" for n in peaks)]]
    for limit in LIMITS:
        needed = [math.ceil(n.of(limit) / limit.most) for n in peaks]
        asked = [f"{n.of(limit):,.1f}" for n in peaks]
        cells = [f"{each} → {count}" for each, count in zip(asked, needed, strict=True)]
        rows.append([f"{limit.name}: {limit.most:,.0f}", *cells])
    yield from table(["a day", *(name for name, _, _ in cases)], rows)


def _walls(costs: Mapping[str, float]) -> Iterator[str]:
    """The limits in the order in which a growing day meets them, one of each thing in use."""
    columns = []
    for way in ways(costs):
        one = reckoned(way, 1.0)
        days = [(limit.most / one.of(limit) * DAY / PEAK, limit) for limit in LIMITS]
        ordered = sorted(days, key=lambda day: day[0])
        columns.append([f"{a_day / 1e6:,.1f} million: {limit.name}" for a_day, limit in ordered])
    rows = [[str(place + 1), *names] for place, names in enumerate(zip(*columns, strict=True))]
    yield from table(["wall", "single messages, a day", "bulk messages, a day"], rows)


def _bills(costs: Mapping[str, float]) -> Iterator[str]:
    cases = list(_cases(costs))
    parts: dict[str, list[float]] = {
        "storage transactions": [a * way.transactions * PRICES["storage transaction"]
                                 for _, way, a in cases],
        f"rows, kept {KEPT_DAYS} days": [
            a * way.rows * ROW_BYTES / 1e9 * KEPT_DAYS / 30 * PRICES["GB of rows and month"]
            for _, way, a in cases],
        "functions": [a * (way.executions * PRICES["function execution"]
                           + way.core_seconds / BUSY * INSTANCE_GB * PRICES["GB-second"])
                      for _, way, a in cases],
        "Twilio, one segment each": [a * PRICES["segment in the USA"] for _, _, a in cases],
    }  # fmt: skip
    rows = [[what, *(f"{dollars:,.2f}" for dollars in line)] for what, line in parts.items()]
    yield from table(["US dollars a day", *(name for name, _, _ in cases)], rows)


def _agreement(costs: Mapping[str, float]) -> Iterator[str]:
    rows = []
    for name, way, a_day in _cases(costs):
        plain = reckoned(way, a_day / DAY * PEAK)
        chance, wait = simulated(way, plain.per_second)
        pairs = [(plain.of(limit), chance.of(limit)) for limit in (ACCOUNT, PARTITION, INSTANCES)]
        cells = (f"{math.ceil(a):,} / {math.ceil(b):,}" for a, b in pairs)
        rows.append([name, *cells, f"{wait:.1f} s"])
    yield from table(
        ["busiest hour, reckoned / simulated", "storage requests a second",
         "rows a second of the busiest partition", "instances", "longest wait for an instance"],
        rows,
    )  # fmt: skip


if __name__ == "__main__":
    print(tables(known()))
