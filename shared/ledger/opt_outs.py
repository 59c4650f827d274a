"""People who asked a sender to stop: a log in the table, folded into a set in each worker.

A worker reads the whole log once, then only what is new, at most once a second, so that a send
does not pay for a look-up of its own. A worker knows at once what it recorded itself.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from shared.jobs import ids
from shared.ledger import schema
from shared.phone_numbers import canonical_address
from shared.storage.table import Row

if TYPE_CHECKING:
    from shared.ledger.digests import Digests
    from shared.storage.table import Table

PARTITION: Final = schema.OPT_OUTS.place()
_FRESH: Final = timedelta(seconds=1)
# Two workers' clocks may differ by this much without a row being missed.
_OVERLAP: Final = timedelta(minutes=5)


class OptOut(msgspec.Struct, frozen=True, kw_only=True):
    """A person said stop, or start, to one of our senders (a number or Messaging Service)."""

    at: datetime
    number: str
    sender: str
    says: Literal["stop", "start"]
    sid: str


class OptOuts:
    """The opt-outs in one table."""

    def __init__(self, table: Table, digests: Digests) -> None:
        self._table = table
        self._digests = digests
        self._latest: dict[tuple[str, str], OptOut] = {}
        self._read_at: datetime | None = None
        self._reading: asyncio.Future[None] | None = None

    async def note(self, opt_out: OptOut) -> None:
        """Record what somebody said; the same word of the same SID is one row.

        The number is kept as a digest, so that it outlives the erasing of that person's data.
        """
        opt_out = msgspec.structs.replace(
            opt_out,
            number=self._digests.of(canonical_address(opt_out.number)),
            sender=canonical_address(opt_out.sender),
        )
        key = f"{ids.moment_key(opt_out.at)}.{opt_out.sid}.{opt_out.sender}"
        await self._table.insert(Row(PARTITION, key, msgspec.json.encode(opt_out).decode()))
        self._take_in(opt_out)

    async def has_stopped(self, number: str, sender: str, now: datetime) -> bool:
        """Return whether the last word of this number to this sender was stop."""
        await self._refresh(now)
        sender = canonical_address(sender)
        said = [
            latest
            for digest in self._digests.every(canonical_address(number))
            if (latest := self._latest.get((digest, sender)))
        ]
        return bool(said) and max(said, key=lambda each: each.at).says == "stop"

    async def of(self, number: str, now: datetime) -> list[OptOut]:
        """Return the last word of this number to each sender, newest first."""
        await self._refresh(now)
        digests = self._digests.every(canonical_address(number))
        said = [latest for (who, _), latest in self._latest.items() if who in digests]
        return sorted(said, key=lambda each: each.at, reverse=True)

    async def _refresh(self, now: datetime) -> None:
        if self._read_at is not None and now - self._read_at < _FRESH:
            return
        # All callers that find it stale wait for one reading, and share its outcome.
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read(now))
        await asyncio.shield(self._reading)

    async def _read(self, now: datetime) -> None:
        newer = None if self._read_at is None else ids.moment_key(self._read_at - _OVERLAP)
        async for row in self._table.range(PARTITION, "", newer):
            self._take_in(msgspec.json.decode(row.text, type=OptOut))
        self._read_at = now

    def _take_in(self, opt_out: OptOut) -> None:
        who = (opt_out.number, opt_out.sender)
        known = self._latest.get(who)
        if known is None or known.at <= opt_out.at:
            self._latest[who] = opt_out
