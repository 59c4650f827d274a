"""Counting what was sent in a day, in a table that only grows.

Of many sends (a country's, or all) a worker takes places in blocks of a thousandth of the cap
and hands them out itself: one row a block, two for the first. Each block begins where the one
before it ended, so a cap that is changed in the middle of a day still holds. What is left of a
worker's block when the worker goes is not sent: a cap is reached early by that, never late. A
place that comes back (the send was certainly not made) is handed out again.

Of the sends to one address each has a row of its own, which makes them exact.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shared.ledger import schema
from shared.storage.table import Row

if TYPE_CHECKING:
    from shared.ledger.digests import Digests
    from shared.storage.table import Table

_BLOCKS: Final = 1000


@dataclass
class _Share:
    """What a worker has left of what it took, and where the next block may begin."""

    left: int = 0
    next: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Caps:
    """Places under the caps of a day; `day` is any text that sorts by time, such as `20261121`."""

    def __init__(self, table: Table, digests: Digests) -> None:
        self._table = table
        self._digests = digests
        self._shares: dict[tuple[str, str], _Share] = {}

    async def take(self, day: str, what: str, cap: int) -> bool:
        """Take one of `cap` places for `what` on a day; False if all are taken.

        Raises:
            StorageUnavailableError: it is unknown whether there is a place.
        """
        share = self._shares.setdefault((day, what), _Share())
        if share.left == 0:
            async with share.lock:
                while share.left == 0 and share.next < cap:
                    await self._take_block(schema.CAPS.place(day, what), share, cap)
        if share.left == 0:
            return False
        share.left -= 1
        return True

    def give_back(self, day: str, what: str) -> None:
        """Give back a place that `take` gave to this worker."""
        self._shares[day, what].left += 1

    async def take_for(self, day: str, address: str, cap: int, whose: str) -> bool:
        """Take one of an address's `cap` places on a day for the send `whose`, once.

        Raises:
            StorageUnavailableError: it is unknown whether there is a place.
        """
        digest = self._digests.of(address)
        partition = schema.CAPS.place(day, "to", digest[0])
        place = 0
        while place < cap:
            if await self._table.insert(Row(partition, f"{digest}.{place:04}", whose)):
                return True
            rows = self._table.prefix(partition, f"{digest}.")
            taken = [row.text async for row in rows]
            if whose in taken:
                return True
            place = len(taken)
        return False

    async def _take_block(self, partition: str, share: _Share, cap: int) -> None:
        """Take the next block, or find out where the blocks of the others end."""
        size = min(max(cap // _BLOCKS, 1), cap - share.next)
        if await self._table.insert(Row(partition, _key(share.next), str(size))):
            share.left += size
            share.next += size
            return
        async for row in self._table.range(partition, _key(share.next)):
            share.next = int(row.key) + int(row.text)


def _key(begins: int) -> str:
    return f"{begins:012}"
