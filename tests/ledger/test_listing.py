"""Listing: newest first over shards and days, in pages, at a cost that history does not raise."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import ids
from shared.jobs.fold import Delivery, Entry
from shared.ledger.ledger import Ledger
from shared.ledger.listing import MAX_DELIVERIES_READ, list_newest
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.clock import NOON
from tests.ledger.counted_rows import CountedRows
from tests.ledger.histories import TO, accepted


def everything(_entry: Entry, _delivery: Delivery) -> bool:
    return True


async def noted(table: MemoryTable, at: datetime, random: int, *to: str) -> list[str]:
    """Note a job; gives its deliveries' ids."""
    job = ids.new_id(at, random)
    await Ledger(table).record(job, accepted(*to, at=at))
    count = max(len(to), 1)
    return [ids.recipient_id(job, index, count) for index in range(count)]


async def pages(table: MemoryTable, limit: int) -> list[list[str]]:
    """The ids on every page, following the cursors to the end."""
    found: list[list[str]] = []
    cursor = None
    while len(found) < 100:
        page = await list_newest(table, everything, limit=limit, cursor=cursor)
        found.append([delivery.id for _, delivery in page.items])
        cursor = page.next
        if cursor is None:
            return found
    raise AssertionError("the cursors lead in a circle")


jobs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 86_399_000), st.integers(0, 2**60 - 1),
              st.integers(1, 3)),
    max_size=12, unique_by=lambda job: job[:2],
)  # fmt: skip


@given(jobs, st.integers(1, 5))
async def test_cursors_give_everything_once_newest_first(
    made: Sequence[tuple[int, int, int, int]], limit: int
) -> None:
    """Page after page gives every delivery once, newest first, over all days and shards."""
    rows = MemoryTable()
    expected = []
    for days, milliseconds, random, count in sorted(made, key=lambda j: (j[0], -j[1])):
        at = NOON.replace(hour=0) - timedelta(days=days * 40) + timedelta(milliseconds=milliseconds)
        expected += await noted(rows, at, random, *TO[:count])
    found = await pages(rows, limit)
    assert [each for page in found for each in page] == expected
    assert all(len(page) == limit for page in found[:-1])


async def test_every_event_of_an_entry_is_folded_in() -> None:
    """A listed entry is the same as the one that is looked up."""
    rows = MemoryTable()
    ledger = Ledger(rows)
    for seconds in (1, 2):
        job = (await noted(rows, NOON + timedelta(seconds=seconds), 5))[0]
        await ledger.record(job, accepted(at=NOON, send_at=NOON))
    page = await list_newest(rows, everything, limit=9, cursor=None)
    assert [entry for entry, _ in page.items] == [
        await ledger.find(entry.id) for entry, _ in page.items
    ]


async def test_an_empty_ledger_is_an_empty_page() -> None:
    """Nothing noted is no items and no successor, whatever else the table holds."""
    rows = MemoryTable()
    await rows.insert(Row("~key-ab", "k", "{}"))
    assert await pages(rows, 3) == [[]]


async def test_empty_days_cost_nothing() -> None:
    """Ten years without a message are skipped, not walked through."""
    rows = CountedRows()
    old = await noted(rows, NOON - timedelta(days=3650), 1)
    new = await noted(rows, NOON, 2)
    assert await pages(rows, 5) == [[*new, *old]]
    assert rows.asked == 2 * ids.SHARDS


async def test_a_cursor_in_a_day_that_is_gone_goes_on_after_it() -> None:
    """A cursor outlives its entry: the page begins with what is older."""
    rows = MemoryTable()
    older = await noted(rows, NOON - timedelta(days=1), 1)
    cursor = ids.new_id(NOON, 99)
    page = await list_newest(rows, everything, limit=3, cursor=cursor)
    assert [delivery.id for _, delivery in page.items] == older


async def test_a_cursor_does_not_lead_past_the_end_of_the_times() -> None:
    """One of a list without `until` begins later than what is asked for, whatever its shard."""
    rows = MemoryTable()
    for hours in range(4):
        await noted(rows, NOON + timedelta(hours=hours), (15 - hours) << 55, *TO[:1])
    newest = (await list_newest(rows, everything, limit=1, cursor=None)).next
    until = NOON + timedelta(hours=1)
    page = await list_newest(rows, everything, limit=9, cursor=newest, until=until)
    times = [ids.accepted_at(entry.id) for entry, _ in page.items]
    assert times == [until, NOON]
    after = page.items[0][1].id
    page = await list_newest(rows, everything, limit=9, cursor=after, until=until)
    assert [ids.accepted_at(entry.id) for entry, _ in page.items] == [NOON]


async def test_a_filter_that_nothing_fits_looks_at_so_much_and_no_more() -> None:
    """A page looks at MOST_LOOKED_AT deliveries, then is handed out short, with a successor."""
    rows = CountedRows()
    many = [f"+1415555{number:04}" for number in range(100)]
    for number in range(MAX_DELIVERIES_READ // 100 + 1):
        await noted(rows, NOON + timedelta(milliseconds=number), number << 55, *many)

    def last_one(_entry: Entry, delivery: Delivery) -> bool:
        return delivery.id.endswith("-99") and _entry.id.startswith(oldest)

    oldest = ids.new_id(NOON, 0)
    page = await list_newest(rows, last_one, limit=10, cursor=None)
    assert page.items == ()
    assert page.next is not None
    page = await list_newest(rows, last_one, limit=10, cursor=page.next)
    assert [delivery.id for _, delivery in page.items] == [f"{oldest}-99"]
    assert page.next is None


@pytest.mark.parametrize("messages", [500, 2000])
async def test_the_first_page_costs_the_same_however_many_there_are(messages: int) -> None:
    """The newest page takes from each shard only what it shows, and the shard's next one."""
    rows = CountedRows()
    for number in range(messages):
        await noted(rows, NOON + timedelta(seconds=number), (number % 16) << 55)
    await list_newest(rows, everything, limit=20, cursor=None)
    assert rows.asked == ids.SHARDS
    assert rows.read_rows <= 20 + 2 * ids.SHARDS
