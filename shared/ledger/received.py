"""What reached us and must be passed on once: a note while that is being done, a mark for ever.

The note is the lock and the safety net in one. Whoever inserts it passes the thing on and then
deletes it, with the personal data that it holds; a note that stays behind belonged to a worker
that died. The mark says that the thing came before, and under which note.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.ledger import schema
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

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
        """What tells this note from every other of the same name."""
        return f"{self.at.isoformat()} {self.token}"


class Received:
    """The notes and marks in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def open(self, note: Note) -> bool:
        """Leave a note; False if there is one of its name."""
        return await self._table.insert(Row(_NOTES, note.name, f"{note.mark}\n{note.text}"))

    async def is_first(self, note: Note) -> bool:
        """Whether the thing never came before this note: mark it, or find the mark that stands."""
        mine = Row(schema.MARKS.place(note.name[:2]), note.name, note.mark)
        if await self._table.insert(mine):
            return True
        return await self._table.get(mine.partition, mine.key) == mine.text

    async def close(self, name: str) -> None:
        """Take a note away."""
        await self._table.delete(_NOTES, [name])

    async def left(self) -> AsyncIterator[Note]:
        """Every note that is there."""
        async for row in self._table.range(_NOTES):
            mark, _, text = row.text.partition("\n")
            at, _, token = mark.partition(" ")
            yield Note(row.key, datetime.fromisoformat(at), token, text)

    async def forget(self, before: datetime) -> None:
        """Delete the marks of what came before a time."""
        partition = await self._table.next_partition(schema.MARKS.first)
        while partition is not None and partition.startswith(schema.MARKS.first):
            rows = self._table.range(partition)
            old = [row.key async for row in rows if _time(row.text) < before]
            await self._table.delete(partition, old)
            partition = await self._table.next_partition(just_after(partition))


def _time(mark: str) -> datetime:
    return datetime.fromisoformat(mark.partition(" ")[0])
