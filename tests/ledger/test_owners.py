"""Who owns a SID."""

from datetime import datetime, timedelta
from random import Random

import msgspec
import pytest

from shared.jobs import ids
from shared.jobs.events import Accepted, Answer, Outcome
from shared.ledger.ledger import Ledger
from shared.ledger.owners import SOON
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON

SID = "SM" + "0" * 32
DICE = Random(5)  # noqa: S311 - the same in every run


async def answered(ledger: Ledger, waited: timedelta) -> str:
    """An entry accepted at noon, sent after `waited`, and answered with the SID."""
    job_id = ids.new_id(NOON, DICE.getrandbits(60))
    to = ("+14155552671",)
    accepted = Accepted(at=NOON, kind="message", to=to, request=msgspec.Raw(b"{}"))
    await ledger.record(job_id, accepted)
    await ledger.owners.note_late(job_id, NOON + waited)
    outcomes = (Outcome(index=0, result="sent", sid=SID),)
    await ledger.record(job_id, Answer(at=NOON + waited, n=1, outcomes=outcomes))
    return job_id


async def take(ledger: Ledger, job_id: str, at: datetime, index: int = 0) -> bool:
    """Take the SID, created at a time and known soon after."""
    soon = at + timedelta(minutes=1)
    return await ledger.owners.take(SID, job_id, index, created_at=at, known_at=soon, now=soon)


@pytest.mark.parametrize("minutes", [0, 0.4, 0.6, 1, 59, 60 * 13, 60 * 24 * 40])
async def test_a_sid_belongs_to_the_entry_that_was_answered_with_it(minutes: float) -> None:
    """Sent at once or after weeks: nobody else gets it, and its owner does."""
    ledger = Ledger(MemoryTable())
    waited = timedelta(minutes=minutes)
    owner = await answered(ledger, waited)
    other = ids.new_id(NOON + waited, DICE.getrandbits(60))
    assert not await take(ledger, other, NOON + waited, 0)
    assert await take(ledger, owner, NOON + waited, 0)


async def test_the_first_who_takes_a_sid_keeps_it() -> None:
    """Taking is for one entry and recipient, and they may take it again."""
    ledger = Ledger(MemoryTable())
    first, second = (ids.new_id(NOON, DICE.getrandbits(60)) for _ in range(2))
    assert await take(ledger, first, NOON, 0)
    assert await take(ledger, first, NOON, 0)
    assert not await take(ledger, first, NOON, 1)
    assert not await take(ledger, second, NOON, 0)


async def test_the_common_case_writes_nothing() -> None:
    """What is sent soon after it was accepted leaves no note."""
    rows = MemoryTable()
    await Ledger(rows).owners.note_late(ids.new_id(NOON, 1), NOON + SOON)
    assert await rows.next_partition("") is None


async def test_a_note_of_an_entry_that_was_erased_is_passed_over() -> None:
    """Retention may take an entry before the note of the minute in which it was sent."""
    ledger = Ledger(MemoryTable())
    gone, here = (ids.new_id(NOON, DICE.getrandbits(60)) for _ in range(2))
    sent = NOON + timedelta(hours=1)
    await ledger.owners.note_late(gone, sent)
    assert await take(ledger, here, sent, 0)


async def test_what_was_noted_since_a_minute_was_read_is_seen() -> None:
    """A minute is read again for a SID that may have been noted after it was read last."""
    ledger = Ledger(MemoryTable())
    other = ids.new_id(NOON, DICE.getrandbits(60))
    early, late = "SM" + "1" * 32, NOON + timedelta(seconds=9)
    assert await ledger.owners.take(
        early, other, 0, created_at=NOON, known_at=NOON, now=NOON + timedelta(seconds=5)
    )
    await answered(ledger, timedelta(seconds=9))
    assert not await ledger.owners.take(SID, other, 0, created_at=late, known_at=late, now=late)


async def test_a_note_of_a_batch_that_was_forgotten_is_passed_over() -> None:
    """Retention may take a batch before the note of the hour in which its calls were sent."""
    ledger = Ledger(MemoryTable())
    batch = ids.new_batch_id(NOON, DICE.getrandbits(60))
    sent = NOON + timedelta(hours=1)
    await ledger.owners.note_late(ids.batch_job_id(batch, 0), sent, batch)
    assert await ledger.owners.calls_before(sent + timedelta(hours=5), sent) == []
