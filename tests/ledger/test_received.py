"""What reached us, by its time: in pages, each thing once, and nothing that was erased."""

from datetime import datetime, timedelta

import pytest

from shared.jobs import ids
from shared.ledger import received as module
from shared.ledger.ledger import Ledger
from shared.ledger.received import Inbound, InboundPage, Note
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.environment import DIGESTS
from tests.ledger.counted_rows import CountedRows
from tests.ledger.histories import TO

ANA, BO = TO[:2]


async def keep(
    ledger: Ledger, number: int, at: datetime = NOON, kind: str = "message", person: str = ANA
) -> bool:
    """Note event `number` and close the note; gives whether it is the first of its name."""
    note = Note(f"{number:064x}"[::-1], at, f"{number}", f"event {number}")
    assert await ledger.received.open(note, kind, person)
    is_first = await ledger.received.is_first(note, person)
    await ledger.received.close(note.name)
    return is_first


def texts(page: InboundPage) -> list[str]:
    return [each.text for each in page.items]


def numbered(*numbers: int) -> list[str]:
    return [f"event {number}" for number in numbers]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable(), DIGESTS)


async def test_pages_follow_one_another(ledger: Ledger) -> None:
    """Over all pages each event comes once, newest first, across days and within a millisecond."""
    times = [NOON + timedelta(hours=7 * number) for number in range(12)]
    for number, at in enumerate([*times, times[-1], times[-1]]):
        await keep(ledger, number, at)
    page = await ledger.received.newest(limit=4)
    found, pages = list(page.items), 1
    while page.next is not None:
        assert page.next == page.items[-1].id
        page = await ledger.received.newest(limit=4, cursor=page.next)
        found, pages = found + list(page.items), pages + 1
    assert [each.text for each in found[3:]] == numbered(*reversed(range(11)))
    assert sorted(each.text for each in found[:3]) == numbered(11, 12, 13)
    assert [ids.accepted_at(each.id) for each in found[3:]] == [*reversed(times[:-1])]
    assert pages == 4


async def test_a_cursor_does_not_lead_past_the_end_of_the_times(ledger: Ledger) -> None:
    """One of a list without `until` begins later than what is asked for, or before it."""
    for number in range(4):
        await keep(ledger, number, NOON + timedelta(hours=number))
    newest = (await ledger.received.newest(limit=1)).next
    until = NOON + timedelta(hours=1)
    page = await ledger.received.newest(limit=9, cursor=newest, until=until)
    assert texts(page) == numbered(1, 0)
    page = await ledger.received.newest(limit=9, cursor=page.items[0].id, until=until)
    assert texts(page) == numbered(0)


async def test_a_time_is_met_to_the_millisecond(ledger: Ledger) -> None:
    """Both bounds count what came in their own millisecond."""
    for number in range(6):
        await keep(ledger, number, NOON + timedelta(milliseconds=number))
    since, until = NOON + timedelta(milliseconds=2), NOON + timedelta(milliseconds=4)
    assert texts(await ledger.received.newest(limit=9, since=since, until=until)) == numbered(
        4, 3, 2
    )
    assert texts(await ledger.received.newest(limit=9, since=until, until=since)) == []


async def test_kinds_are_selected_without_reading_the_others(ledger: Ledger) -> None:
    """A page holds the kinds that are asked for."""
    for number, kind in enumerate(["message", "call", "gather", "message"]):
        await keep(ledger, number, NOON + timedelta(seconds=number), kind)
    assert texts(await ledger.received.newest(limit=9, kinds=["call", "message"])) == numbered(
        3, 1, 0
    )
    page = await ledger.received.newest(limit=1, kinds=["call"])
    assert texts(page) == numbered(1)


async def test_a_repeat_is_listed_once(ledger: Ledger) -> None:
    """What comes again later stands where it came first, and each of its rows is passed over."""
    assert await keep(ledger, 1)
    await keep(ledger, 2, NOON + timedelta(minutes=1))
    assert not await keep(ledger, 1, NOON + timedelta(minutes=2))
    assert texts(await ledger.received.newest(limit=9)) == numbered(2, 1)
    assert texts(await ledger.received.newest(limit=1)) == numbered(2)


async def test_what_is_being_published_is_not_listed_yet(ledger: Ledger) -> None:
    """A note without a mark is nobody's event yet, and is left for whoever goes on with it."""
    note = Note("a" * 64, NOON, "t", "event")
    await ledger.received.open(note, "message", ANA)
    assert texts(await ledger.received.newest(limit=9)) == []
    assert [each async for each in ledger.received.left()] == [note]
    await ledger.received.is_first(note, ANA)
    await ledger.received.close(note.name)
    assert [each async for each in ledger.received.left()] == []
    [item] = (await ledger.received.newest(limit=9)).items
    assert await ledger.received.find(item.id) == item == Inbound(item.id, "event")


async def test_what_was_erased_is_gone(ledger: Ledger) -> None:
    """Erasing a person takes their events from the list, and nobody else's."""
    await keep(ledger, 1, NOON + timedelta(seconds=1))
    await keep(ledger, 2, person=BO)
    first = (await ledger.received.newest(limit=1)).items[0].id
    assert await ledger.received.erase(ANA) == 1
    assert texts(await ledger.received.newest(limit=9)) == numbered(2)
    assert await ledger.received.find(first) is None


async def test_what_is_old_is_forgotten(ledger: Ledger) -> None:
    """The rows by time go with the events of their days."""
    for number in range(5):
        await keep(ledger, number, NOON + timedelta(days=number))
    await ledger.received.forget(NOON + timedelta(days=2))
    assert texts(await ledger.received.newest(limit=9)) == numbered(4, 3, 2)
    await ledger.received.forget(NOON + timedelta(days=5))
    assert await ledger.table.next_partition() is None


async def test_a_page_reads_a_bounded_number_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """However little fits, a request ends after so many rows, and the next one goes on."""
    monkeypatch.setattr(module, "MAX_ROWS_READ", 10)
    table = CountedRows()
    ledger = Ledger(table, DIGESTS)
    for number in range(25):
        kind = "call" if number < 2 else "message"
        await keep(ledger, number, NOON + timedelta(seconds=number), kind)
    found, cursor = list[str](), None
    for most in (10, 10, 5):
        table.read_rows = 0
        page = await ledger.received.newest(limit=5, cursor=cursor, kinds=["call"])
        found, cursor = found + texts(page), page.next
        assert table.read_rows == most
    assert (found, cursor) == (numbered(1, 0), None)
