"""The log of opt-outs is read once for everybody who finds what is known to be old."""

import asyncio
from collections.abc import AsyncIterator

from shared.errors import StorageUnavailableError
from shared.ledger.opt_outs import OptOuts
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.clock import Clock
from tests.environment import DIGESTS


class CountedRows(MemoryTable):
    """Rows that count how often they are read, and fail while told to."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.fails = False

    async def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.fails:
            raise StorageUnavailableError("table")
        async for row in super().range(partition, first, last, page=page):
            yield row


async def test_a_hundred_sends_at_once_read_the_log_once() -> None:
    """A job of a hundred costs one reading, also when a second has passed."""
    rows, clock = CountedRows(), Clock()
    opt_outs = OptOuts(rows, DIGESTS)
    for readings in (1, 2):
        asked = (opt_outs.has_stopped("+14155552671", "MG1", clock()) for _ in range(100))
        assert not any(await asyncio.gather(*asked))
        assert rows.reads == readings
        clock.move(seconds=2)


async def test_a_reading_that_fails_fails_for_all_and_is_tried_again() -> None:
    """Nobody is told that somebody has not stopped when that is unknown."""
    rows, clock = CountedRows(), Clock()
    opt_outs = OptOuts(rows, DIGESTS)
    rows.fails = True
    asked = [opt_outs.has_stopped("+14155552671", "MG1", clock()) for _ in range(3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(each) for each in outcomes] == [StorageUnavailableError] * 3
    rows.fails = False
    assert not await opt_outs.has_stopped("+14155552671", "MG1", clock())
    assert rows.reads == 2
