"""Places under a day's caps: as many as the cap says, whoever takes them and whatever is lost."""

import asyncio
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ledger.caps import Caps
from shared.ledger.ledger import Ledger
from shared.ledger.retention import forget_before
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.environment import DIGESTS

DAY = "20261121"
TO = "+14155552671"


class HesitantRows(MemoryTable):
    """A table whose steps take effect at times that a seed draws; it counts them."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._dice = random.Random(seed)  # noqa: S311 - for the order of things
        self.inserts = 0

    async def insert(self, row: Row) -> bool:
        self.inserts += 1
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)
        kept = await super().insert(row)
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)
        return kept


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(
    cap=st.one_of(st.integers(1, 12), st.integers(2000, 2999)),
    workers=st.integers(1, 4),
    seed=st.integers(0, 2**16),
)
def test_a_cap_is_never_exceeded(cap: int, workers: int, seed: int) -> None:
    """Workers that take places at once get as many as the cap has, less what they keep unused."""

    async def run() -> None:
        rows = HesitantRows(seed)
        caps = [Caps(rows, DIGESTS) for _ in range(workers)]
        sent = max(cap - 12, 0)
        for _ in range(sent):
            assert await caps[0].take(DAY, "US", cap)
        takes = [caps[n % workers].take(DAY, "US", cap) for n in range(40)]
        places = sent + sum(await asyncio.gather(*takes))
        unused = (workers - 1) * (max(cap // 1000, 1) - 1)
        assert cap - unused <= places <= cap

    asyncio.run(run())


@settings(deadline=None)
@given(cap=st.integers(1, 6), workers=st.integers(1, 4), seed=st.integers(0, 2**16))
def test_a_recipients_cap_is_exact(cap: int, workers: int, seed: int) -> None:
    """Of the sends to one number exactly as many get a place as the cap has."""

    async def run() -> None:
        rows = HesitantRows(seed)
        caps = [Caps(rows, DIGESTS) for _ in range(workers)]
        takes = [caps[n % workers].take_for(DAY, TO, cap, f"job-{n}") for n in range(9)]
        assert sum(await asyncio.gather(*takes)) == cap

    asyncio.run(run())


async def test_a_send_takes_one_place_however_often_it_asks() -> None:
    """The same send has its place under a recipient's cap already, on any worker."""
    rows = MemoryTable()
    first, second = Caps(rows, DIGESTS), Caps(rows, DIGESTS)
    assert await first.take_for(DAY, TO, 2, "job-0")
    assert await second.take_for(DAY, TO, 2, "job-1")
    assert not await first.take_for(DAY, TO, 2, "job-2")
    assert await second.take_for(DAY, TO, 2, "job-0")
    assert await first.take_for(DAY, TO, 2, "job-1")


async def test_numbers_and_days_are_counted_apart() -> None:
    """Another number, and another day, has all its places."""
    caps = Caps(MemoryTable(), DIGESTS)
    assert await caps.take_for(DAY, TO, 1, "job-0")
    assert await caps.take_for(DAY, "+14155552672", 1, "job-1")
    assert await caps.take_for("20261122", TO, 1, "job-2")
    assert await caps.take(DAY, "US", 1)
    assert await caps.take(DAY, "FR", 1)
    assert await caps.take("20261122", "US", 1)
    assert not await caps.take(DAY, "US", 1)


async def test_the_table_holds_no_number() -> None:
    """An address stands in the table as a digest, whatever characters it has."""
    rows = MemoryTable()
    assert await Caps(rows, DIGESTS).take_for(DAY, "sip:a/b#c?d@example.com", 1, "job-0")
    partition = await rows.next_partition("")
    assert partition is not None
    (row,) = [row async for row in rows.range(partition)]
    assert not set("/#?\\") & set(row.partition + row.key)
    assert "example" not in row.key


async def test_a_place_that_comes_back_is_given_again() -> None:
    """What was given back can be taken once more, after everything else was taken."""
    caps = Caps(MemoryTable(), DIGESTS)
    assert await caps.take(DAY, "total", 1)
    assert not await caps.take(DAY, "total", 1)
    caps.give_back(DAY, "total")
    assert await caps.take(DAY, "total", 1)
    assert not await caps.take(DAY, "total", 1)


@pytest.mark.parametrize(("first", "then"), [(3, 5), (5, 3), (3, 5000), (5000, 3)])
async def test_a_cap_that_changes_holds_for_the_whole_day(first: int, then: int) -> None:
    """What was sent under the old cap counts under the new one."""
    rows = MemoryTable()
    old = Caps(rows, DIGESTS)
    sent = sum([await old.take(DAY, "US", first) for _ in range(4)])
    new = Caps(rows, DIGESTS)
    places = sum([await new.take(DAY, "US", then) for _ in range(then + 9)])
    assert sent + places <= max(first, then)
    assert places <= max(then - sent, 0)
    assert then <= 10 or places >= then - sent - 5


async def test_a_place_costs_few_rows() -> None:
    """A hundred thousand places take a thousand rows; the first of a recipient takes one."""
    rows = HesitantRows(0)
    caps = Caps(rows, DIGESTS)
    for _ in range(1000):
        await caps.take(DAY, "total", 100_000)
    assert rows.inserts == 10
    await caps.take_for(DAY, TO, 5, "job-0")
    assert rows.inserts == 11


async def test_places_are_forgotten_with_the_messages() -> None:
    """Retention deletes the days that it is asked to, of every cap, and leaves later ones."""
    rows = MemoryTable()
    caps = Caps(rows, DIGESTS)
    for day in ("20261119", "20261121"):
        await caps.take(day, "US", 5)
        await caps.take_for(day, TO, 5, "job-0")
    await forget_before(Ledger(rows), datetime(2026, 11, 20, tzinfo=UTC))
    left: list[str] = []
    while partition := await rows.next_partition(left[-1] + "!" if left else ""):
        left.append(partition)
    assert len(left) == 2
    assert all(partition.startswith("~cap-20261121-") for partition in left)
