"""What was sent about a time, and who owns a SID; asked only when something went wrong.

Nothing is written for the common case. An entry that was sent soon after it was accepted is
found among the entries accepted about that time; one that was sent later (scheduled, retried,
held up) leaves a note in the minute in which it was sent; and whoever settles a doubt by
adopting a SID takes the SID's own row first, so that two doubts never share one message.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.ledger import entry_id, events
from shared.ledger.fold import fold
from shared.ledger.listing import accepted_between
from shared.ledger.rows import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.ledger.fold import Entry
    from shared.ledger.rows import Rows

SOON: Final = timedelta(seconds=30)
# Twilio's clock is not ours, and a request takes its time.
_SLACK: Final = timedelta(seconds=15)
_MINUTE: Final = timedelta(minutes=1)
OWNER: Final = "~owner"
LATE: Final = "~late"


class Owners:
    """The owners of SIDs in one table."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def note_late(self, job_id: str, at: datetime) -> None:
        """Note that a job is being sent at `at`, if that is not soon after it was accepted."""
        if at - entry_id.accepted_at(job_id) > SOON:
            await self._rows.insert(Row(f"{LATE}-{minute(at)}", job_id, ""))

    async def sent_between(self, first: datetime, last: datetime) -> AsyncIterator[Entry]:
        """Every entry of which something may have been sent from `first` to `last`."""
        async for entry in accepted_between(self._rows, first - SOON, last):
            yield entry
        at = first
        while at < last + _MINUTE:
            async for note in self._rows.read(f"{LATE}-{minute(at)}"):
                key = entry_id.row(note.key)
                rows = self._rows.read(entry_id.partition(note.key), f"{key}.", f"{key}/")
                if found := [events.decode(row.text) async for row in rows]:
                    yield fold(note.key, found)
            at += _MINUTE

    async def take(self, sid: str, job_id: str, index: int, created_at: datetime) -> bool:
        """Take a SID that Twilio created at `created_at`; False if it belongs to somebody else."""
        async for entry in self.sent_between(created_at - _SLACK, created_at + _SLACK):
            if entry.id != job_id and any(each.sid == sid for each in entry.deliveries):
                return False
        mine = Row(f"{OWNER}-{minute(created_at)}", sid, f"{job_id}-{index}")
        if await self._rows.insert(mine):
            return True
        owners = [row async for row in self._rows.read(mine.partition, sid, f"{sid}~")]
        return owners == [mine]


def minute(at: datetime) -> str:
    """A minute as part of a partition's name; later ones sort later."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M}"
