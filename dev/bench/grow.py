"""`grow`: the same work with a thousand, ten and a hundred thousand messages of history."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from statistics import median
from typing import Final

import msgspec
from azure.core.exceptions import ServiceRequestError
from azure.data.tables.aio import TableClient

import function_app
from dev.bench.app import INVOCATION, request, use_services
from dev.bench.drain import deliver
from dev.bench.environment import BODY, MAX_CONCURRENT, TO, Environment, jobs, open_environment
from dev.bench.figures import Aim, Comparison, Curve, Plot, Result, Table
from dev.bench.history import Batch, events_of, history
from dev.bench.runs import Size, run_concurrently, with_progress
from dev.bench.storage_calls import MESSAGE
from shared.app import App
from shared.jobs import ids
from shared.ledger.ledger import TABLE, event_row
from shared.storage.queues import QUEUE_OF_LANE
from shared.storage.table import Row

LEVELS: Final = (1_000, 10_000, 100_000)
REPEATED: Final = 20
DRAINED: Final = 100
LISTED: Final = 20
MILLISECONDS: Final = 1000
WRITING: Final = 4
FLAT: Final = Aim("≤", 1.25)
HOW: Final = (
    "The table is filled with messages of three rows each (accepted, claimed, answered), spread "
    "over ten days, then each piece of work alternates with the bare storage calls that it needs, "
    "for rows of the same kind and through the app's own clients: Azurite slows down as a table "
    "fills, and looks through every row of it to answer a query, which says nothing about the app. "
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
        async with env.worker() as services:
            with use_services(services):
                old: list[str] = []
                writing = history(services.now() - timedelta(days=10), levels[-1])
                for level in levels:
                    old += await _fill(env, _until(writing, level - len(old)), level)
                    for name, (usual, own) in _works(services, old, size).items():
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


def _works(services: App, old: list[str], size: Size) -> dict[str, tuple[Step, Step]]:
    """Return each piece of work: the bare calls, and ours."""
    drained = size.of(DRAINED, 4)
    some = iter(old * REPEATED)
    bare = _Bare(services)

    async def drain() -> None:
        await deliver(services, await jobs(services, drained))

    async def accept() -> None:
        await function_app.accept_message(request("/api/messages", BODY_JSON), INVOCATION)

    async def look_up() -> None:
        one = next(some)
        requested = request(f"/api/messages/{one}", method="GET", route={"id": one})
        await function_app.show_message(requested)

    async def newest() -> None:
        await function_app.list_messages(request("/api/messages?limit=20", method="GET"))

    return {
        "drain": (lambda: bare.drain(drained), drain),
        "accept": (bare.accept, accept),
        "look up": (lambda: bare.look_up(next(some)), look_up),
        "list": (bare.newest, newest),
    }


class _Bare:
    """The storage calls that each piece of work needs."""

    def __init__(self, services: App) -> None:
        self._services = services
        self._table = services.table

    async def drain(self, count: int) -> None:
        async def claim_and_answer(_: int) -> None:
            claim, answer = list(self._rows())[1:]
            await self._table.transaction(*claim)
            await self._table.transaction(*answer)

        await run_concurrently(MAX_CONCURRENT, range(count), claim_and_answer)

    async def accept(self) -> None:
        accepted = next(self._rows())
        put = self._services.queues.put(QUEUE_OF_LANE["now"], MESSAGE.encode())
        await asyncio.gather(self._table.transaction(*accepted), put)

    async def look_up(self, one: str) -> None:
        await _read_page(self._table.prefix(ids.partition(one), ids.row(one)))

    async def newest(self) -> None:
        await self._table.next_partition()
        today = ids.partitions(ids.day_key(self._services.now()))
        await asyncio.gather(*(_read_page(self._table.range(each, page=LISTED)) for each in today))

    def _rows(self) -> Iterator[tuple[Row, list[Row]]]:
        """Yield the rows of a message's events, each with those beside it."""
        at = self._services.now()
        own = ids.new_id(at, self._services.random())
        for event in events_of(at, TO):
            row = event_row(own, event)
            yield row, list(self._services.ledger.index.rows(row, event))


async def _read_page(rows: AsyncIterator[Row]) -> None:
    """Read no more than one page of rows."""
    left = LISTED
    async for _ in rows:
        left -= 1
        if not left:
            return


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

    async with TableClient.from_connection_string(
        env.storage, TABLE, use_env_settings=False
    ) as table:

        async def write(batch: Batch) -> None:
            await table.submit_transaction(batch.rows)

        await run_concurrently(
            WRITING, with_progress(waiting, f"grow, filling to {level:,}"), write
        )
    return [each for batch in waiting for each in batch.ids]
