"""Who owns a SID, asked only when a send is in doubt, so that two doubts never share one message.

Nothing is written for the common case. An entry that was answered soon after it was accepted is
found among the entries accepted about that time; one that was sent later (scheduled, retried,
held up) leaves a note of the minute in which it was sent; and whoever settles a doubt by
adopting a SID takes the SID's own row first.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.ledger import entry_id, events
from shared.ledger.events import Answer, Doubt, Reported
from shared.ledger.rows import Row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.ledger.rows import Rows

SOON: Final = timedelta(seconds=30)
_SLACK: Final = timedelta(seconds=15)
_OWNER: Final = "~owner"
_LATE: Final = "~late"


class Owners:
    """The owners of SIDs in one table."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def note_late(self, job_id: str, at: datetime) -> None:
        """Note that a job is being sent at `at`, if that is not soon after it was accepted."""
        if at - entry_id.accepted_at(job_id) > SOON:
            await self._rows.insert(Row(f"{_LATE}-{_minute(at)}", job_id, ""))

    async def take(self, sid: str, job_id: str, index: int, created_at: datetime) -> bool:
        """Take a SID that Twilio created at `created_at`; False if it belongs to somebody else."""
        mine = f"{job_id}-{index}"
        async for row in self._near(created_at):
            if (
                sid in row.text
                and not row.key.startswith(entry_id.row(job_id))
                and _holds(row, sid)
            ):
                return False
        if await self._rows.insert(Row(f"{_OWNER}-{sid[-2:]}", sid, mine)):
            return True
        async for row in self._rows.read(f"{_OWNER}-{sid[-2:]}", sid, sid + "~"):
            return row.text == mine
        return False

    async def _near(self, at: datetime) -> AsyncIterator[Row]:
        """The rows of every entry that can have been sent at `at`."""
        first, last = at - SOON - _SLACK, at + _SLACK
        for day in {entry_id.day_key(first), entry_id.day_key(last)}:
            newest = entry_id.row(entry_id.new_id(last, 0)) if day == entry_id.day_key(last) else ""
            oldest = (
                entry_id.row(entry_id.new_id(first, -1)) if day == entry_id.day_key(first) else None
            )
            for partition in entry_id.partitions(day):
                async for row in self._rows.read(
                    partition, newest, None if oldest is None else oldest + "~"
                ):
                    yield row
        minute = first
        while minute <= last + timedelta(minutes=1):
            async for late in self._rows.read(f"{_LATE}-{_minute(minute)}"):
                key = entry_id.row(late.key)
                async for row in self._rows.read(
                    entry_id.partition(late.key), f"{key}.", f"{key}/"
                ):
                    yield row
            minute += timedelta(minutes=1)


def _minute(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M}"


def _holds(row: Row, sid: str) -> bool:
    """Whether an event says that this SID is its entry's."""
    event = events.decode(row.text)
    if isinstance(event, Answer | Doubt):
        return any(outcome.sid == sid for outcome in event.outcomes)
    return isinstance(event, Reported) and event.sid == sid
