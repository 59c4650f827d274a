"""The ledger: what is noted, and what is known, of every job. It knows rows and nothing below."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs import events, ids
from shared.jobs.fold import Entry, fold
from shared.ledger.alerts import Alerts
from shared.ledger.batches import Batches
from shared.ledger.marks import Marks
from shared.ledger.opt_outs import OptOuts
from shared.ledger.owners import Owners
from shared.ledger.received import Received
from shared.ledger.schedule import Schedule
from shared.storage.table import Row

if TYPE_CHECKING:
    from shared.jobs.events import AnyEvent
    from shared.storage.table import Table

TABLE: Final = "ledger"
# After every day partition in the table, so that walking the days ends where these begin.
_KEYS: Final = "~key"
_ANSWER: Final = ".answer"


class IdempotencyRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an idempotency key was first used for: which id, when, and the request's digest.

    `several` says that a list was asked for: one recipient and a list of it mean the same, but
    are answered each in its own shape.
    """

    job: str
    at: datetime
    digest: str
    several: bool = False


class Ledger:
    """Events in, entries out. Every method raises StorageUnavailableError with its table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.alerts = Alerts(table)
        self.batches = Batches(table)
        self.marks = Marks(table)
        self.owners = Owners(table)
        self.opt_outs = OptOuts(table)
        self.received = Received(table)
        self.schedule = Schedule(table)

    async def record(self, job_id: str, event: AnyEvent) -> bool:
        """Note an event; False if one of its name was noted before, which then stands."""
        return await self.table.insert(
            Row(
                ids.partition(job_id),
                f"{ids.row(job_id)}.{event.row_name}",
                events.encode(event),
            )
        )

    async def find(self, job_id: str) -> Entry | None:
        """The entry of an id, or None where nothing was ever noted under it."""
        key = ids.row(job_id)
        found = [
            events.decode(row.text)
            async for row in self.table.read(ids.partition(job_id), f"{key}.", f"{key}/")
        ]
        return fold(job_id, found) if found else None

    async def hold_key(self, name: str, key: IdempotencyRecord) -> IdempotencyRecord:
        """What stands under an idempotency key: `key` itself if nothing did before."""
        row = _key_row(name, msgspec.json.encode(key).decode())
        if await self.table.insert(row):
            return key
        return await self.key(name) or key

    async def key(self, name: str) -> IdempotencyRecord | None:
        """What an idempotency key was first used for, if it was."""
        row = _key_row(name, "")
        async for found in self.table.read(row.partition, row.key, row.key + "~"):
            return msgspec.json.decode(found.text, type=IdempotencyRecord)
        return None

    async def keep_answer(self, name: str, answer: bytes) -> bytes:
        """Keep the answer that was given under an idempotency key; the first one stands."""
        await self.table.insert(_key_row(f"{name}{_ANSWER}", answer.decode()))
        return await self.kept_answer(name) or answer

    async def kept_answer(self, name: str) -> bytes | None:
        """The answer that was given under an idempotency key, if one was."""
        row = _key_row(f"{name}{_ANSWER}", "")
        async for found in self.table.read(row.partition, row.key, f"{row.key}~"):
            return found.text.encode()
        return None

    async def forget_key(self, name: str) -> None:
        """Forget an idempotency key and its answer."""
        row = _key_row(name, "")
        await self.table.delete(row.partition, [row.key, f"{row.key}{_ANSWER}"])


def _key_row(name: str, text: str) -> Row:
    """Keys spread over 256 partitions by the first byte of their digest."""
    return Row(f"{_KEYS}-{name[:2]}", name, text)
