"""What reached us is passed on once: there is a note during that, and a mark after it.

The note is the lock and the safety net in one. The worker that inserts it passes the thing on and
then deletes it; a note that stays behind belonged to a worker that died. The mark says that the
thing came before, and under which note. Beside it stands what came, found by the person's number.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.jobs import ids
from shared.ledger import schema
from shared.phone_numbers import strip_channel
from shared.storage.table import Row, after_prefix, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.ledger.digests import Digests
    from shared.storage.table import Table

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


class Received:
    """The notes and marks in one table."""

    def __init__(self, table: Table, digests: Digests) -> None:
        self._table = table
        self._digests = digests

    async def open(self, note: Note) -> bool:
        """Leave a note; return False if there is one of its name."""
        return await self._table.insert(Row(_NOTES, note.name, f"{note.mark}\n{note.text}"))

    async def is_first(self, note: Note, person: str) -> bool:
        """Return whether the thing never came before this note, and mark it.

        What `person` texted or said is kept in the same request, for `of_person`.
        """
        digest = self._digests.of(strip_channel(person))
        partition, name = schema.MARKS.place(digest[:2]), self._digests.of(note.name)
        time = ids.day_key(note.at) + ids.time_key(note.at)
        inbound = Row(partition, schema.INBOUND.place(digest, time, name), note.text)
        day = Row(partition, schema.INBOUND_DAYS.place(ids.day_key(note.at), name), inbound.key)
        if await self._table.transaction(Row(partition, name, note.mark), [inbound, day]):
            return True
        return await self._table.get(partition, name) == note.mark

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
            await self._table.delete(partition, keys)
            count += len(keys)
        return count

    async def close(self, name: str) -> None:
        """Delete a note."""
        await self._table.delete(_NOTES, [name])

    async def left(self) -> AsyncIterator[Note]:
        """Yield every note that is left."""
        async for row in self._table.range(_NOTES):
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
