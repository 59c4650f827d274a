"""`find`: find and erase one person among a thousand and among a hundred thousand messages."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from inspect import iscoroutinefunction
from typing import Any, Final

import msgspec

import function_app
from dev.bench.app import request, use_services
from dev.bench.environment import PUBLIC, number, settings
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.history import events_of
from dev.bench.runs import Size, with_progress
from shared.app import App
from shared.jobs import ids
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row

LEVELS: Final = (1_000, 100_000)
MESSAGES_OF_PERSON: Final = 10
DAYS: Final = 30
PERSON: Final = number(99_999)
OK: Final = 200
FLAT: Final = Aim("≤", 1.25)
REQUESTS, ROWS = "requests to the table", "rows read"
HOW: Final = (
    f"The ledger holds messages to as many people, spread over {DAYS} days, and "
    f"{MESSAGES_OF_PERSON} to one person among them. `POST /api/recipients/find` and "
    "`…/erase` are asked for that person. Counted on a table in memory: the requests that Azure "
    "would be sent, and the rows that it would read. Azurite looks through every row of a table "
    "for each query, so its time would say nothing about Azure's."
)


class CountingTable:
    """A table in memory that counts what is asked of it."""

    def __init__(self) -> None:
        self._table = MemoryTable()
        self.counted = Counter[str]()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._table, name)

        def call(*args: Any, **named: Any) -> Any:  # noqa: ANN401 - any method's
            self.counted[REQUESTS] += 1
            answer = method(*args, **named)
            return answer if iscoroutinefunction(method) else self._count_rows(answer)

        return call

    async def _count_rows(self, rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
        async for row in rows:
            self.counted[ROWS] += 1
            yield row


async def find(size: Size) -> Result:
    """Run the benchmark."""
    levels = [size.of(level, 20 * (place + 1)) for place, level in enumerate(LEVELS)]
    least, most = [await _measure(level) for level in levels]
    return Result(
        name="find",
        measures="finding and erasing one person as the ledger grows",
        how=HOW,
        comparisons=[
            Comparison(
                what=f"{work}, {levels[1]:,} messages: {unit}",
                against=f"the same with {levels[0]:,}",
                unit=unit,
                pairs=[(least[work][unit], most[work][unit])],
                aim=FLAT,
            )
            for work in least
            for unit in (REQUESTS, ROWS)
        ],
        tables=[
            Table(
                "Counted",
                ["", *(f"{level:,}" for level in levels)],
                [
                    [f"{work}: {unit}", str(least[work][unit]), str(most[work][unit])]
                    for work in least
                    for unit in (REQUESTS, ROWS)
                ],
            )
        ],
    )


async def _measure(count: int) -> dict[str, Counter[str]]:
    app = App(settings("UseDevelopmentStorage=true", PUBLIC))
    table = CountingTable()
    app.table = table  # it has every method of one
    await _fill(app, count)
    body = msgspec.json.encode({"number": PERSON})
    counted: dict[str, Counter[str]] = {}
    with use_services(app):
        for work, function in (
            ("find", function_app.find_recipient),
            ("erase", function_app.erase_recipient),
        ):
            table.counted.clear()
            reply = await function(request(f"/api/recipients/{work}", body))
            if reply.status_code != OK:
                raise RuntimeError(reply.get_body().decode())
            counted[work] = Counter(table.counted)
            _check(work, msgspec.json.decode(reply.get_body()))
    return counted


def _check(work: str, answer: dict[str, Any]) -> None:
    found = len(answer["items"]) if work == "find" else None
    if answer["next"] is not None or found not in (None, MESSAGES_OF_PERSON):
        raise RuntimeError(f"{work} is not complete: {answer}")


async def _fill(app: App, count: int) -> None:
    """Write messages over the days, those of the person among the others."""
    begin = app.now() - timedelta(days=DAYS)
    between = count // MESSAGES_OF_PERSON
    for place in with_progress(range(count), f"find, filling to {count:,}"):
        at = begin + timedelta(days=DAYS) * (place / count)
        job_id = ids.new_id(at, app.random())
        to = PERSON if place % between == 0 else number(place % 99_999)
        for event in events_of(at, to):
            await app.ledger.record(job_id, event)
