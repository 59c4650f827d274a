"""The ledger: what is recorded, and what is known, of every job."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs import events, ids
from shared.ledger import schema
from shared.ledger.alerts import Alerts
from shared.ledger.batches import Batches
from shared.ledger.digests import Digests
from shared.ledger.index import Index
from shared.ledger.marks import Marks
from shared.ledger.opt_outs import OptOuts
from shared.ledger.owners import Owners
from shared.ledger.reading import find_entry
from shared.ledger.received import Received
from shared.ledger.schedule import Schedule
from shared.storage.table import Row

if TYPE_CHECKING:
    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Entry
    from shared.storage.table import Table

TABLE: Final = "ledger"
_ANSWER: Final = ".answer"


class IdempotencyRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an idempotency key was first used for: which id, when, and the request's digest.

    `several` says that a list was asked for: one recipient and a list of it mean the same, but
    each is answered in its own shape.
    """

    job: str
    at: datetime
    digest: str
    several: bool = False


class Ledger:
    """Events in, entries out. Every method raises StorageUnavailableError with its table.

    `digests` name people in keys.
    """

    def __init__(self, table: Table, digests: Digests | None = None) -> None:
        self.table = table
        self.digests = digests or Digests(("",))
        self.index = Index(self.digests)
        self.alerts = Alerts(table, self.digests)
        self.batches = Batches(table)
        self.marks = Marks(table)
        self.owners = Owners(table, self.batches)
        self.opt_outs = OptOuts(table, self.digests)
        self.received = Received(table, self.digests)
        self.schedule = Schedule(table)

    async def record(self, job_id: str, event: AnyEvent) -> bool:
        """Record an event; return False if one of its name stands already."""
        row = event_row(job_id, event)
        return await self.table.transaction(row, [*self.index.rows(row, event)])

    async def find(self, job_id: str) -> Entry | None:
        """Return the entry of an id, or None where nothing was ever recorded under it."""
        return await find_entry(self.table, job_id)

    async def hold_key(self, name: str, key: IdempotencyRecord) -> IdempotencyRecord:
        """Return what stands under an idempotency key: `key` itself if nothing did before."""
        row = _key_row(name, msgspec.json.encode(key).decode())
        if await self.table.insert(row):
            return key
        return await self.key(name) or key

    async def key(self, name: str) -> IdempotencyRecord | None:
        """Return what an idempotency key was first used for, if it was."""
        row = _key_row(name, "")
        text = await self.table.get(row.partition, row.key)
        return None if text is None else msgspec.json.decode(text, type=IdempotencyRecord)

    async def keep_answer(self, name: str, answer: bytes) -> bytes:
        """Keep the answer given under an idempotency key, and return the one that stands."""
        await self.table.insert(_key_row(f"{name}{_ANSWER}", answer.decode()))
        return await self.kept_answer(name) or answer

    async def kept_answer(self, name: str) -> bytes | None:
        """Return the answer that was given under an idempotency key, if one was."""
        row = _key_row(f"{name}{_ANSWER}", "")
        text = await self.table.get(row.partition, row.key)
        return None if text is None else text.encode()

    async def forget_answer(self, name: str) -> bool:
        """Delete the answer given under an idempotency key; return False if there was none."""
        if await self.kept_answer(name) is None:
            return False
        row = _key_row(f"{name}{_ANSWER}", "")
        await self.table.delete(row.partition, [row.key])
        return True

    async def forget_key(self, name: str) -> None:
        """Delete an idempotency key, and its answer before it."""
        await self.forget_answer(name)
        row = _key_row(name, "")
        await self.table.delete(row.partition, [row.key])


def event_row(job_id: str, event: AnyEvent) -> Row:
    """Return the row of an event."""
    partition, job = ids.partition(job_id), ids.row(job_id)
    return Row(partition, f"{job}.{event.row_name}", events.encode(event))


def _key_row(name: str, text: str) -> Row:
    """Return the row of a key, in one of 256 partitions by the first byte of its digest."""
    return Row(schema.KEYS.place(name[:2]), name, text)
