"""How far the statuses were reconciled."""

from datetime import timedelta

from shared.ledger.marks import Marks
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON


async def test_the_newest_mark_is_known() -> None:
    """Whatever the order in which marks were set, and however often."""
    marks = Marks(MemoryTable())
    assert await marks.newest() is None
    for hours in (1, 30, 3, 30):
        await marks.set(NOON + timedelta(hours=hours))
    assert await marks.newest() == NOON + timedelta(hours=30)


async def test_old_marks_are_forgotten_but_not_the_newest() -> None:
    """Where nothing was reconciled for long, the last mark still says where to go on."""
    rows = MemoryTable()
    marks = Marks(rows)
    await marks.forget(NOON)
    for hours in range(5):
        await marks.set(NOON + timedelta(hours=hours))
    await marks.forget(NOON + timedelta(hours=2))
    assert len([row async for row in rows.range("~reconciled")]) == 3
    await marks.forget(NOON + timedelta(days=100))
    assert await marks.newest() == NOON + timedelta(hours=4)
    assert len([row async for row in rows.range("~reconciled")]) == 1
