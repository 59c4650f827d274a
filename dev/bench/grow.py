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
from dev.bench.app import INVOCATION, request, use_services
from dev.bench.drain import deliver
from dev.bench.environment import BODY, TO, Environment, jobs, open_environment
from dev.bench.figures import Aim, Comparison, Curve, Plot, Result, Table
from dev.bench.history import Batch, history
from dev.bench.runs import Size, run_concurrently, with_progress
from dev.bench.storage_calls import StorageCalls, open_storage_calls
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
    "over ten days, then each piece of work alternates with the storage calls that it needs, "
    "through the library alone on the same full table: Azurite looks through every row of "
    "a table to answer a query, and slows down as it fills, which says nothing about the app. "
    "The ratio compares ours divided by bare with the most history to the same with the least."
)

BODY_JSON: Final = msgspec.json.encode({"to": TO, "body": BODY})

Step = Callable[[], Awaitable[object]]
Pairs = list[tuple[float, float]]


async def grow(size: Size) -> Result:
    """Run the benchmark."""
    levels = [size.of(level, place + 1) for place, level in enumerate(LEVELS)]
    pairs_by_work: dict[str, list[Pairs]] = {}
    with open_environment(latency=0) as env:
        async with (
            env.worker() as services,
            open_storage_calls(env.storage) as calls,
            _table(env) as table,
        ):
            with use_services(services):
                old: list[str] = []
                writing = history(services.now() - timedelta(days=10), levels[-1])
                for level in levels:
                    old += await _fill(env, _until(writing, level - len(old)), level)
                    works = _works(services, calls, table, old, size)
                    for name, (usual, own) in works.items():
                        pairs_by_work.setdefault(name, []).append(
                            await _measure(name, usual, own, size)
                        )
    return Result(
        name="grow",
        measures="the same work, ours divided by the bare storage calls, as the ledger grows",
        how=HOW,
        comparisons=[_compare(name, pairs) for name, pairs in pairs_by_work.items()],
        tables=[
            Table(
                "Milliseconds, ours (and bare)",
                ["messages in the ledger", *(f"{level:,}" for level in levels)],
                [[name, *map(_format, pairs)] for name, pairs in pairs_by_work.items()],
            )
        ],
        plot=Plot(
            "messages in the ledger",
            "ours divided by the bare calls",
            [
                Curve(name, [float(level) for level in levels], [_ratio(each) for each in pairs])
                for name, pairs in pairs_by_work.items()
            ],
            log=True,
        ),
    )


def _compare(name: str, levels: list[Pairs]) -> Comparison:
    """Compare the most history with the least, each as ours divided by the bare calls."""
    least, most = ([own / usual for usual, own in pairs] for pairs in (levels[0], levels[-1]))
    return Comparison(
        what=f"{name}, with the most history",
        against="the same with the least",
        unit="ours divided by bare",
        pairs=list(zip(sorted(least), sorted(most), strict=True)),
        aim=FLAT,
    )


def _ratio(pairs: Pairs) -> float:
    return median(own / usual for usual, own in pairs)


def _format(pairs: Pairs) -> str:
    usual, own = (median(side) for side in zip(*pairs, strict=True))
    return f"{own:.2f} ({usual:.2f})"


def _works(
    services: App, calls: StorageCalls, table: TableClient, old: list[str], size: Size
) -> dict[str, tuple[Step, Step]]:
    """Return each piece of work: the bare calls, and ours."""
    drained = size.of(DRAINED, 4)
    some = iter(old * REPEATED)
    day = ids.day_key(services.now())

    async def rows() -> None:
        await run_concurrently(drained, range(2 * drained), calls.insert)

    async def drain() -> None:
        await deliver(services, await jobs(services, drained))

    async def accept() -> None:
        await function_app.accept_message(request("/api/messages", BODY_JSON), INVOCATION)

    async def look_up() -> None:
        one = next(some)
        requested = request(f"/api/messages/{one}", method="GET", route={"id": one})
        await function_app.show_message(requested)

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


async def _measure(name: str, usual: Step, own: Step, size: Size) -> Pairs:
    """Return pairs of times in ms, alternating."""
    for step in (usual, own):
        # Azurite closes connections sooner than the clients forget them.
        with suppress(ServiceRequestError):
            await step()
        await step()
    count = size.of(REPEATED, 2)
    return [
        (await _time(usual), await _time(own)) for _ in with_progress(range(count), f"grow, {name}")
    ]


async def _time(step: Step) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * MILLISECONDS


@asynccontextmanager
async def _table(env: Environment) -> AsyncIterator[TableClient]:
    """Open the ledger's own table, through the library alone."""
    async with TableClient.from_connection_string(
        env.storage, TABLE, use_env_settings=False
    ) as table:
        yield table


async def _first_partition(table: TableClient) -> None:
    """Read the first partition of the table."""
    pages = table.query_entities(
        "PartitionKey ge '0'", select=["PartitionKey"], results_per_page=1
    ).by_page()
    async for page in pages:
        [row async for row in page]
        return


async def _page(table: TableClient, partition: str, first: str, last: str) -> None:
    """Read one page of rows."""
    pages = table.query_entities(
        "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last",
        parameters={"partition": partition, "first": first, "last": last},
        results_per_page=LISTED,
    ).by_page()
    async for page in pages:
        [row async for row in page]
        return


def _until(writing: Iterator[Batch], count: int) -> Iterator[Batch]:
    """Yield batches of the history until they hold `count` messages."""
    while count > 0:
        batch = next(writing, None)
        if batch is None:
            return
        count -= len(batch.ids)
        yield batch


async def _fill(env: Environment, batches: Iterable[Batch], level: int) -> list[str]:
    """Write history; gives the ids of its messages."""
    waiting = list(batches)

    async with _table(env) as table:

        async def write(batch: Batch) -> None:
            await table.submit_transaction(batch.rows)

        await run_concurrently(
            WRITING, with_progress(waiting, f"grow, filling to {level:,}"), write
        )
    return [each for batch in waiting for each in batch.ids]
