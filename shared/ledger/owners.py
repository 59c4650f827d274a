"""What was sent about a time, and who owns a SID; asked only when something went wrong.

Nothing is written for the common case. An entry that was sent soon after it was accepted is
found among the entries accepted about that time; one that was sent later (scheduled, retried,
held up) leaves a note in the minute in which it was sent, and a batch of calls one in the hour;
and a doubt that is settled by adopting a SID takes the SID's own row first, so that two doubts
never share one message.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.jobs import ids
from shared.jobs.sids import PREFIX_OF_KIND
from shared.ledger import schema
from shared.ledger.listing import entries_accepted_between
from shared.ledger.reading import find_entry
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from shared.jobs.fold import Entry
    from shared.ledger.batches import Batches
    from shared.ledger.schema import Rows
    from shared.storage.table import Table

SOON: Final = timedelta(seconds=30)
# Twilio's clock is not ours.
_SLACK: Final = timedelta(seconds=15)
# From a claim to the creation at Twilio: the claim's own time to begin, and the request's.
_UNTIL_CREATED: Final = timedelta(minutes=2)
# Twilio keeps a call in its queue for a day at most, and may date it by when it starts.
# Only batches fill that for longer than what is recent.
_LONGEST_CALL_QUEUE: Final = timedelta(days=1)
_RECENT: Final = timedelta(hours=2)
# Twilio starts one call a second.
CALL_INTERVAL: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = "%Y%m%dT%H"
_HOUR_LENGTH: Final = len("20261201T12")
_MINUTES_KEPT: Final = 10


class Owners:
    """The owners of SIDs in one table."""

    def __init__(self, table: Table, batches: Batches) -> None:
        self._table = table
        self._batches = batches
        self._by_minute: dict[tuple[str, bool], _Owned] = {}
        self._reading = asyncio.Lock()

    async def note_late(self, job_id: str, at: datetime, calls_of: str | None = None) -> None:
        """Note that a job is being sent at `at`, if that is not soon after it was accepted.

        `calls_of` is the batch whose calls they are.
        """
        if at - ids.accepted_at(job_id) <= SOON:
            return
        await self._table.insert(Row(schema.LATE.place(minute(at)), job_id, ""))
        if calls_of is not None:
            await self._table.insert(Row(schema.LATE_CALLS.place(_hour(at)), calls_of, ""))

    async def sent_between(self, first: datetime, last: datetime) -> AsyncIterator[Entry]:
        """Every entry of which something may have been sent from `first` to `last`."""
        async for entry in entries_accepted_between(self._table, first - SOON, last):
            yield entry
        async for note in self._notes(schema.LATE, minute(first), minute(last)):
            if late := await find_entry(self._table, note.key):
                yield late

    async def calls_before(self, at: datetime, last: datetime) -> list[Entry]:
        """Return the entries of calls that Twilio may start after `at`, asked for until `last`."""
        recent, first = at - _RECENT, at - _LONGEST_CALL_QUEUE
        # By their ids: an entry that was sent late is found twice.
        found = {each.id: each async for each in self.sent_between(recent, last)}
        batches = await self._batches_of_calls(first, recent)
        drained = first
        for asked, count in sorted(batches.values()):
            drained = max(drained, asked) + count * CALL_INTERVAL
        if drained > recent:
            for batch_id in batches:
                found |= {each.id: each for each in await self._batches.entries(batch_id)}
        return [entry for entry in found.values() if entry.kind == "call"]

    async def _batches_of_calls(
        self, first: datetime, last: datetime
    ) -> dict[str, tuple[datetime, int]]:
        """Return the batches whose calls were asked for from `first` to `last`, by their ids.

        Of each: until when they can have been asked for, and how many they are.
        """
        found = {
            batch.id: (batch.at, batch.count)
            for batch in await self._batches.accepted_between(first, last)
            if batch.kind == "call"
        }
        # Scheduled, held up or retried: long after the batch was accepted.
        async for note in self._notes(schema.LATE_CALLS, _hour(first), _hour(last)):
            if batch := await self._batches.find(note.key):
                hour = datetime.strptime(note.partition[-_HOUR_LENGTH:], _HOUR).replace(tzinfo=UTC)
                found[batch.id] = (min(hour + timedelta(hours=1), last), batch.count)
        return found

    async def _notes(self, kind: Rows, first: str, last: str) -> AsyncIterator[Row]:
        """Yield the notes of a kind from one time to another."""
        end = kind.place(last)
        # Most times have no note, so each question is for the next one that has.
        partition = await self._table.next_partition(kind.place(first))
        while partition is not None and partition <= end:
            async for note in self._table.range(partition):
                yield note
            partition = await self._table.next_partition(just_after(partition))

    async def take(  # noqa: PLR0913 - what is taken, for whom, and two times
        self,
        sid: str,
        job_id: str,
        index: int,
        *,
        created_at: datetime,
        known_at: datetime,
        now: datetime,
    ) -> bool:
        """Take a SID that Twilio created at `created_at`; False if another entry has it.

        The entry that was answered with it had recorded that at `known_at`, not after `now`.
        """
        if await self._owner(sid, created_at, known_at, now) not in (None, job_id):
            return False
        mine = Row(schema.OWNERS.place(minute(created_at)), sid, f"{job_id}-{index}")
        if await self._table.insert(mine):
            return True
        return await self._table.get(mine.partition, sid) == mine.text

    async def _owner(
        self, sid: str, created_at: datetime, known_at: datetime, now: datetime
    ) -> str | None:
        """The entry that was answered with a SID.

        When much is in doubt at once, all of it asks about the same minutes. So what was read of
        a minute is kept, and read again only for a SID that may have been noted since.
        """
        is_call = sid.startswith(PREFIX_OF_KIND["call"])
        key = (minute(created_at), is_call)
        async with self._reading:
            known = self._by_minute.get(key)
            if known is None or known.at < known_at:
                begin = created_at.replace(second=0, microsecond=0)
                first, last = begin - _UNTIL_CREATED, begin + _MINUTE + _SLACK
                sent = (
                    await self.calls_before(first, last)
                    if is_call
                    else [entry async for entry in self.sent_between(first, last)]
                )
                known = _Owned(now, {
                    delivery.sid: entry.id
                    for entry in sent
                    for delivery in entry.deliveries
                    if delivery.sid
                })  # fmt: skip
                kept = list(self._by_minute.items())[-_MINUTES_KEPT:]
                self._by_minute = {**dict(kept), key: known}
            return known.sids.get(sid)


class _Owned(NamedTuple):
    """The SIDs that entries had been answered with, as it was read `at` a time."""

    at: datetime
    sids: dict[str, str]


def minute(at: datetime) -> str:
    """A minute as part of a partition's name; later ones sort later."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M}"


def _hour(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_HOUR)
