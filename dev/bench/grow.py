"""`grow`: the same work with a thousand, ten and a hundred thousand messages of history."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from statistics import median
from typing import Final

import msgspec
from azure.core.exceptions import ServiceRequestError
from azure.data.tables.aio import TableClient

import function_app
from dev.bench.app import INVOCATION, app_with, request
from dev.bench.bare import Bare, bare
from dev.bench.drain import deliver
from dev.bench.figures import Aim, Comparison, Curve, Plot, Result, Table
from dev.bench.history import Batch, history
from dev.bench.stage import BODY, TO, Stage, jobs, stage
from dev.bench.turns import Size, at_once, shown
from shared.app import App
from shared.jobs import ids
from shared.ledger.ledger import TABLE

LEVELS: Final = (1_000, 10_000, 100_000)
REPEATED: Final = 20
DRAINED: Final = 100
LISTED: Final = 20
MILLISECONDS: Final = 1000
WRITING: Final = 4
FLAT: Final = Aim("≤", 1.25)
HOW: Final = (
    "The table is filled with messages of three rows each (accepted, claimed, answered), spread "
    "over ten days, then each piece of work is done in turn with the storage calls that it cannot "
    "do without, by the library alone on the same full table: Azurite looks through every row of "
    "a table to answer a query, and grows slower with what is in it, which is no figure of ours. "
    "The ratio compares ours by bare with the most history to the same with the least."
)

ASKED: Final = msgspec.json.encode({"to": TO, "body": BODY})

Step = Callable[[], Awaitable[object]]
Pairs = list[tuple[float, float]]


async def grow(size: Size) -> Result:
    """Measure it."""
    levels = [size.of(level, place + 1) for place, level in enumerate(LEVELS)]
    found: dict[str, list[Pairs]] = {}
    with stage(latency=0) as ours:
        async with ours.worker() as services, bare(ours.storage) as calls, _table(ours) as table:
            with app_with(services):
                old: list[str] = []
                writing = history(services.now() - timedelta(days=10), levels[-1])
                for level in levels:
                    old += await _fill(ours, _until(writing, level - len(old)), level)
                    works = _works(services, calls, table, old, size)
                    for name, (usual, own) in works.items():
                        found.setdefault(name, []).append(await _taken(name, usual, own, size))
    return Result(
        name="grow",
        measures="the same work, ours by the bare storage calls, as the ledger grows",
        how=HOW,
        comparisons=[_compared(name, pairs) for name, pairs in found.items()],
        tables=[
            Table(
                "Milliseconds, ours (and bare)",
                ["messages in the ledger", *(f"{level:,}" for level in levels)],
                [[name, *map(_shown, pairs)] for name, pairs in found.items()],
            )
        ],
        plot=Plot(
            "messages in the ledger",
            "ours by the bare calls",
            [
                Curve(name, [float(level) for level in levels], [_ratio(each) for each in pairs])
                for name, pairs in found.items()
            ],
            log=True,
        ),
    )


def _compared(name: str, levels: list[Pairs]) -> Comparison:
    """With the most history against with the least, each as ours by the bare calls."""
    least, most = ([own / usual for usual, own in pairs] for pairs in (levels[0], levels[-1]))
    return Comparison(
        what=f"{name}, with the most history",
        against="the same with the least",
        unit="ours by bare",
        pairs=list(zip(sorted(least), sorted(most), strict=True)),
        aim=FLAT,
    )


def _ratio(pairs: Pairs) -> float:
    return median(own / usual for usual, own in pairs)


def _shown(pairs: Pairs) -> str:
    usual, own = (median(side) for side in zip(*pairs, strict=True))
    return f"{own:.2f} ({usual:.2f})"


def _works(
    services: App, calls: Bare, table: TableClient, old: list[str], size: Size
) -> dict[str, tuple[Step, Step]]:
    """Each piece of work: the bare calls, and ours."""
    drained = size.of(DRAINED, 4)
    some = iter(old * REPEATED)
    day = ids.day_key(services.now())

    async def rows() -> None:
        await at_once(drained, range(2 * drained), calls.insert)

    async def drain() -> None:
        await deliver(services, await jobs(services, drained))

    async def accept() -> None:
        await function_app.accept_message(request("/api/messages", ASKED), INVOCATION)

    async def look_up() -> None:
        one = next(some)
        asked = request(f"/api/messages/{one}", method="GET", route={"id": one})
        await function_app.show_message(asked)

    async def bare_look_up() -> None:
        one = next(some)
        key = ids.row(one)
        await _page(table, ids.partition(one), f"{key}.", f"{key}/")

    async def newest() -> None:
        await function_app.list_messages(request("/api/messages?limit=20", method="GET"))

    async def bare_newest() -> None:
        await _first_partition(table)
        await asyncio.gather(*(_page(table, each, "", "~") for each in ids.partitions(day)))

    return {
        "drain": (rows, drain),
        "accept": (calls.both, accept),
        "look up": (bare_look_up, look_up),
        "list": (bare_newest, newest),
    }


async def _taken(name: str, usual: Step, own: Step, size: Size) -> Pairs:
    """Pairs of times in ms, in turns."""
    for step in (usual, own):
        # Azurite closes connections sooner than the clients forget them.
        with suppress(ServiceRequestError):
            await step()
        await step()
    count = size.of(REPEATED, 2)
    return [(await _timed(usual), await _timed(own)) for _ in shown(range(count), f"grow, {name}")]


async def _timed(step: Step) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * MILLISECONDS


@asynccontextmanager
async def _table(ours: Stage) -> AsyncIterator[TableClient]:
    """The ledger's own table, by the library alone."""
    async with TableClient.from_connection_string(
        ours.storage, TABLE, use_env_settings=False
    ) as table:
        yield table


async def _first_partition(table: TableClient) -> None:
    """The first partition that there is."""
    pages = table.query_entities(
        "PartitionKey ge '0'", select=["PartitionKey"], results_per_page=1
    ).by_page()
    async for page in pages:
        [row async for row in page]
        return


async def _page(table: TableClient, partition: str, first: str, last: str) -> None:
    """One page of rows."""
    pages = table.query_entities(
        "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last",
        parameters={"partition": partition, "first": first, "last": last},
        results_per_page=LISTED,
    ).by_page()
    async for page in pages:
        [row async for row in page]
        return


def _until(writing: Iterator[Batch], count: int) -> Iterator[Batch]:
    """So much of the history that it holds `count` messages."""
    while count > 0:
        batch = next(writing, None)
        if batch is None:
            return
        count -= len(batch.ids)
        yield batch


async def _fill(ours: Stage, batches: Iterable[Batch], level: int) -> list[str]:
    """Write history; gives the ids of its messages."""
    waiting = list(batches)

    async with _table(ours) as table:

        async def write(batch: Batch) -> None:
            await table.submit_transaction(batch.rows)

        await at_once(WRITING, shown(waiting, f"grow, filling to {level:,}"), write)
    return [each for batch in waiting for each in batch.ids]
