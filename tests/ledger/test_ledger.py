"""The ledger: what is noted is known, and only the first note of a name counts."""

from shared.jobs import ids
from shared.jobs.events import Claim, Reported
from shared.ledger.ledger import IdempotencyRecord, Ledger
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.ledger.histories import JOB, TO, accepted, sid


async def test_what_was_noted_is_found() -> None:
    """An entry is the fold of its own rows, and of no neighbour's."""
    ledger = Ledger(MemoryTable())
    neighbour = JOB[:-1] + "b"
    assert await ledger.find(JOB) is None
    assert await ledger.record(JOB, accepted(*TO[:1]))
    assert await ledger.record(JOB, Reported(at=NOON, status="sent", sid=sid(0)))
    assert await ledger.record(neighbour, accepted(*TO[1:2]))
    entry = await ledger.find(JOB)
    assert entry is not None
    assert entry.id == JOB
    assert [event.name for event in entry.events] == ["accepted", "reported.sent"]
    assert entry.deliveries[0].sid == sid(0)


async def test_the_first_claim_stands() -> None:
    """Of two workers that claim the same attempt, one is told no and changes nothing."""
    ledger = Ledger(MemoryTable())
    assert await ledger.record(JOB, Claim(at=NOON, n=1, token="mine"))
    assert not await ledger.record(JOB, Claim(at=NOON, n=1, token="yours"))
    entry = await ledger.find(JOB)
    assert entry is not None
    assert entry.claim is not None
    assert entry.claim.token == "mine"


async def test_a_key_stands_for_its_first_use() -> None:
    """An idempotency key gives back what it was first held for, to everyone who comes later."""
    ledger = Ledger(MemoryTable())
    first, second = (
        IdempotencyRecord("job-1", NOON, "digest"),
        IdempotencyRecord("job-2", NOON, "digest"),
    )
    assert await ledger.key("ab12") is None
    assert await ledger.hold_key("ab12", first) == first
    assert await ledger.hold_key("ab12", second) == first
    assert await ledger.key("ab12") == first
    assert await ledger.hold_key("ab13", second) == second


async def test_keys_are_no_days() -> None:
    """Idempotency keys lie after every day's partition, out of the way of listing."""
    rows = MemoryTable()
    await Ledger(rows).hold_key("ab12", IdempotencyRecord("job", NOON, "digest"))
    partition = await rows.next_partition("")
    assert partition is not None
    assert partition > ids.partitions("zzzz")[-1]
