"""What reached us is passed on once: there is a note during that, and a mark after it.

The note is the lock and the safety net in one. The worker that inserts it passes the thing on and
then deletes it; a note that stays behind belonged to a worker that died. The mark says that the
thing came before, and under which note. Beside it stands what came, found by the person's number.

A row beside the note leads to what came by its time. It leads nowhere where the thing came before,
or was erased since, and is then passed over.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.jobs import ids
from shared.ledger import schema
from shared.phone_numbers import strip_channel
from shared.storage.table import Row, after_prefix, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable

    from shared.ledger.digests import Digests
    from shared.storage.table import Table

MAX_ROWS_READ: Final = 1000
# So many digits of a mark's name are the shard and the random part of an id.
_ID_DIGITS: Final = 12
_NOTES: Final = schema.NOTES.place()


class Note(NamedTuple):
    """One thing that came: its name (64 hexadecimal digits), when, a random token, and itself."""

    name: str
    at: datetime
    token: str
    text: str

    @property
    def mark(self) -> str:
        """Text that no other note of this name has."""
        return f"{self.at.isoformat()} {self.token}"


class Inbound(NamedTuple):
    """What came, by its id: the event as it stood on the queue `inbound`."""

    id: str
    text: str


class InboundPage(NamedTuple):
    """A page of what came, newest first, and the cursor of the next page (None: the last page)."""

    items: tuple[Inbound, ...]
    next: str | None


class Received:
    """The notes and marks in one table."""

    def __init__(self, table: Table, digests: Digests) -> None:
        self._table = table
        self._digests = digests

    async def open(self, note: Note, kind: str, person: str) -> bool:
        """Leave a note of an event of a kind, by a person; return False if there is one already.

        The row that leads to it by its time goes in the same request.
        """
        row = Row(_NOTES, note.name, f"{note.mark}\n{note.text}")
        key = self._place(note, person)[1]
        by_time = Row(_NOTES, _by_time(key), f"{kind} {key}")
        return await self._table.transaction(row, [by_time])

    async def is_first(self, note: Note, person: str) -> bool:
        """Return whether the thing never came before this note, and mark it.

        What `person` texted or said is kept in the same request, for `of_person`.
        """
        partition, key = self._place(note, person)
        name = self._digests.of(note.name)
        inbound = Row(partition, key, note.text)
        day = Row(partition, schema.INBOUND_DAYS.place(ids.day_key(note.at), name), inbound.key)
        if await self._table.transaction(Row(partition, name, note.mark), [inbound, day]):
            return True
        return await self._table.get(partition, name) == note.mark

    async def newest(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        kinds: Collection[str] | None = None,
    ) -> InboundPage:
        """Return a page of what came, after `cursor`, of some kinds of events or of all.

        Times count to the millisecond. At most `MAX_ROWS_READ` rows are looked at, so that a page
        can be short, even empty, and still have a successor.
        """
        start = schema.INBOUND_TIMES.place("")
        first = max(
            just_after(_key_of(cursor)) if cursor else start, _time(until) if until else start
        )
        last = after_prefix(_time(since) if since else start)
        items, wanted, looked_at = list[Inbound](), list[Row](), 0
        rows = self._table.range(_NOTES, first, last, page=min(2 * limit, MAX_ROWS_READ))
        async for row in rows:
            looked_at += 1
            if kinds is None or row.text.partition(" ")[0] in kinds:
                wanted.append(row)
            if len(items) + len(wanted) == limit or looked_at == MAX_ROWS_READ:
                items += await self._read_all(wanted)
                wanted = []
                if len(items) == limit or looked_at == MAX_ROWS_READ:
                    return InboundPage(tuple(items), _id_of(row))
        items += await self._read_all(wanted)
        return InboundPage(tuple(items), None)

    async def find(self, inbound_id: str) -> Inbound | None:
        """Return what came by its id."""
        key = _key_of(inbound_id)
        text = await self._table.get(_NOTES, key)
        return None if text is None else await self._read(Row(_NOTES, key, text))

    async def of_person(self, number: str, since: datetime | None = None) -> AsyncIterator[str]:
        """Yield what a person texted and said, newest first, from a time back; as it was noted."""
        time = ids.day_key(since) + ids.time_key(since) if since else ""
        for digest in self._digests.every(strip_channel(number)):
            partition, start = schema.MARKS.place(digest[:2]), schema.INBOUND.place(digest, "")
            async for row in self._table.range(partition, start + time, after_prefix(start)):
                yield row.text

    async def erase(self, number: str) -> int:
        """Delete what a person texted and said; return how many rows those were."""
        count = 0
        for digest in self._digests.every(strip_channel(number)):
            partition, start = schema.MARKS.place(digest[:2]), schema.INBOUND.place(digest, "")
            keys = [row.key async for row in self._table.prefix(partition, start)]
            await self._table.delete(_NOTES, [_by_time(key) for key in keys])
            await self._table.delete(partition, keys)
            count += len(keys)
        return count

    async def close(self, name: str) -> None:
        """Delete a note."""
        await self._table.delete(_NOTES, [name])

    async def left(self) -> AsyncIterator[Note]:
        """Yield every note that is left."""
        async for row in self._table.range(_NOTES, last=schema.INBOUND_TIMES.place("")):
            mark, _, text = row.text.partition("\n")
            at, _, token = mark.partition(" ")
            yield Note(row.key, datetime.fromisoformat(at), token, text)

    async def forget(self, before: datetime) -> None:
        """Delete what came on days before that of a time."""
        first = after_prefix(schema.INBOUND_DAYS.place(ids.day_key(before)))
        last = after_prefix(schema.INBOUND_DAYS.place(""))
        partition = await self._table.next_partition(schema.MARKS.first)
        while partition is not None and partition.startswith(schema.MARKS.first):
            days = [row async for row in self._table.range(partition, first, last)]
            await self._table.delete(partition, [row.text for row in days])
            await self._table.delete(partition, [row.key.rpartition(".")[2] for row in days])
            await self._table.delete(partition, [row.key for row in days])
            partition = await self._table.next_partition(just_after(partition))
        first = after_prefix(schema.INBOUND_TIMES.place(ids.day_key(before)))
        last = after_prefix(schema.INBOUND_TIMES.place(""))
        if keys := [row.key async for row in self._table.range(_NOTES, first, last)]:
            await self._table.delete(_NOTES, keys)

    async def _read_all(self, rows: Iterable[Row]) -> list[Inbound]:
        """Return what rows lead to, without those that lead nowhere."""
        return [each for each in await asyncio.gather(*map(self._read, rows)) if each]

    async def _read(self, row: Row) -> Inbound | None:
        """Return what a row leads to; None where it leads nowhere."""
        key = row.text.partition(" ")[2]
        partition = schema.MARKS.place(key.split(".")[1][:2])
        text = await self._table.get(partition, key)
        return None if text is None else Inbound(_id_of(row), text)

    def _place(self, note: Note, person: str) -> tuple[str, str]:
        """Return the partition and the key of what a person texted or said."""
        digest = self._digests.of(strip_channel(person))
        time = ids.day_key(note.at) + ids.time_key(note.at)
        key = schema.INBOUND.place(digest, time, self._digests.of(note.name))
        return schema.MARKS.place(digest[:2]), key


def _time(at: datetime) -> str:
    """Return what the keys by time of a millisecond begin with."""
    return schema.INBOUND_TIMES.place(ids.day_key(at) + ids.time_key(at))


def _by_time(key: str) -> str:
    """Return the key by time of what a person texted or said, whose key is given."""
    _, _, time, name = key.split(".")
    return schema.INBOUND_TIMES.place(time + name[:_ID_DIGITS])


def _key_of(inbound_id: str) -> str:
    """Return the key by time of an id: the same characters, the shard behind the time."""
    day, shard, time, rest = inbound_id[:4], inbound_id[4], inbound_id[5:11], inbound_id[11:]
    return schema.INBOUND_TIMES.place(day + time + shard + rest)


def _id_of(row: Row) -> str:
    """Return the id of what a row by time leads to."""
    name = row.key.rpartition(".")[2]
    return name[:4] + name[10] + name[4:10] + name[11:]
