"""Batches: a row each, and their jobs found by their ids."""

from datetime import datetime, timedelta

import pytest

from shared.jobs import ids
from shared.ledger.batches import Batch
from shared.ledger.ledger import Ledger
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.ledger.histories import accepted


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryTable())


def batch(at: datetime = NOON, random: int = 1 << 30, jobs: int = 1) -> Batch:
    return Batch(id=ids.new_batch_id(at, random), at=at, kind="call", lane="bulk", count=1,
                 jobs=jobs, duplicates=0, skipped=0, metadata={"a": "b"})  # fmt: skip


async def test_a_batch_is_found_by_its_id_and_is_kept_at_its_end(ledger: Ledger) -> None:
    """What was begun is found; that all its jobs are kept is a row of its own."""
    one = batch()
    assert await ledger.batches.find(one.id) is None
    await ledger.batches.begin(one)
    assert await ledger.batches.find(one.id) == one
    assert not await ledger.batches.is_kept(one.id)
    await ledger.batches.end(one.id)
    assert await ledger.batches.is_kept(one.id)
    assert await ledger.batches.find(one.id) == one


async def test_what_was_begun_stands(ledger: Ledger) -> None:
    """Beginning and ending a second time changes nothing."""
    one = batch()
    for _ in range(2):
        await ledger.batches.begin(one)
        await ledger.batches.end(one.id)
    assert await ledger.batches.newest(9) == [one]


async def test_the_newest_are_listed_across_days(ledger: Ledger) -> None:
    """Newest first, each once, no more than asked for."""
    batches = [batch(NOON + timedelta(hours=7 * n)) for n in range(9)]
    assert await ledger.batches.newest(3) == []
    for each in batches:
        await ledger.batches.begin(each)
        await ledger.batches.end(each.id)
    # Rows of other things before and after the batches' own.
    await ledger.marks.set(NOON)
    await ledger.record(ids.new_id(NOON, 1), accepted())
    assert await ledger.batches.newest(3) == batches[:-4:-1]
    assert await ledger.batches.newest(20) == batches[::-1]
    of_a_day = await ledger.batches.accepted_between(batches[2].at, batches[6].at)
    assert of_a_day == batches[2:6]
    assert await ledger.batches.accepted_between(batches[0].at, batches[1].at) == batches[:1]


@pytest.mark.parametrize("jobs", [0, 1, 16, 40])
async def test_the_jobs_of_a_batch_are_found_in_their_order(ledger: Ledger, jobs: int) -> None:
    """From every shard, and none of another batch or of a single message of the same moment."""
    one, other = batch(), batch(random=2 << 30)
    await ledger.record(ids.new_id(NOON, 3 << 30), accepted())
    for number in range(jobs):
        await ledger.record(ids.batch_job_id(one.id, number), accepted())
        await ledger.record(ids.batch_job_id(other.id, number), accepted())
    found = await ledger.batches.entries(one.id)
    wanted = [ids.batch_job_id(one.id, number) for number in range(jobs)]
    assert [entry.id for entry in found] == wanted


async def test_a_batch_is_over_when_its_jobs_are_gone(ledger: Ledger) -> None:
    """Those of days before, of whose jobs nothing is known; forgetting one leaves no row of it."""
    waits, gone, young = batch(NOON), batch(NOON, 2 << 30), batch(NOON + timedelta(days=1))
    for each in (waits, gone, young):
        await ledger.batches.begin(each)
        await ledger.batches.end(each.id)
    await ledger.record(ids.batch_job_id(waits.id, 20), accepted())
    before = NOON + timedelta(days=1, hours=1)
    assert [each async for each in ledger.batches.over(before)] == [gone]
    await ledger.batches.forget(gone.id)
    assert await ledger.batches.find(gone.id) is None
    assert not await ledger.batches.is_kept(gone.id)
    assert len(await ledger.batches.newest(9)) == 2
