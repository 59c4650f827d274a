"""Finding entries by recipient and by SID, and the texts that could not be read.

An index row lies in the partition of the job that it points to, and is written in the transaction
that writes the event: accepting one message costs no further request. So a search reads one range
of each shard of each day, whatever else those days hold.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.jobs import ids
from shared.jobs.events import Accepted, Answer, Doubt, Parked
from shared.ledger import schema
from shared.ledger.reading import find_entry, merge_in_order
from shared.phone_numbers import strip_channel
from shared.storage.table import Row, after_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Iterator
    from datetime import datetime

    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.digests import Digests
    from shared.storage.table import Table

ERASED: Final = "erased"
# Each day is one read of every shard.
_DAYS_AT_ONCE: Final = 4
_ENTRIES_AT_ONCE: Final = 10
_PAGE: Final = 100


class Index:
    """The keys of index rows."""

    def __init__(self, digests: Digests) -> None:
        self._digests = digests

    def rows(self, of_event: Row, event: AnyEvent) -> Iterator[Row]:
        """Yield the index rows that are written beside the row of an event."""
        partition, job = of_event.partition, of_event.key.partition(".")[0]
        if isinstance(event, Accepted):
            for index, to in enumerate(event.to):
                if to != ERASED:
                    place, digest = pointer(job, index), self._digests.of(strip_channel(to))
                    yield Row(partition, schema.RECIPIENTS.place(digest, place), "")
        elif isinstance(event, Answer | Doubt):
            for outcome in event.outcomes:
                if outcome.sid is not None:
                    place = pointer(job, outcome.index)
                    yield Row(partition, schema.SIDS.place(outcome.sid, place), "")
        elif isinstance(event, Parked) and event.raw is not None:
            yield Row(partition, schema.UNREADABLE.place(pointer(job, 0)), "")

    def starts_of_recipients(self, addresses: Iterable[str]) -> set[str]:
        """Return what the keys of rows of recipients begin with, whatever the channel."""
        return {
            schema.RECIPIENTS.place(digest, "")
            for address in addresses
            for digest in self._digests.every(strip_channel(address))
        }


def pointer(job: str, index: int) -> str:
    """Return what the keys of rows end with that lead to a delivery of the job `ids.row` names."""
    return f"{job}-{index:02}"


def starts_of_sids(sids: Iterable[str]) -> set[str]:
    """Return what the keys of rows of Twilio's SIDs begin with."""
    return {schema.SIDS.place(sid, "") for sid in sids}


async def find_deliveries(
    table: Table, starts: Collection[str], *, after: str | None, since: datetime | None
) -> AsyncIterator[tuple[Entry, Delivery]]:
    """Yield the deliveries under index keys, newest first, from the job `after` on.

    Days before that of `since` are not read.
    """
    places: list[tuple[str, int]] = []
    async for place in _find_places(table, starts, after, since):
        places.append(place)
        if len(places) == _ENTRIES_AT_ONCE:
            for found in await _read(table, places):
                yield found
            places = []
    for found in await _read(table, places):
        yield found


async def find_in_day(table: Table, day: str, starts: Collection[str]) -> dict[str, set[int]]:
    """Return the jobs of a day under index keys, and which recipients of them."""
    streams = _streams(table, [day], starts, None)
    jobs: dict[str, set[int]] = {}
    async for job_id, index in merge_in_order(streams):
        jobs.setdefault(job_id, set()).add(index)
    return jobs


async def _find_places(
    table: Table, starts: Collection[str], after: str | None, since: datetime | None
) -> AsyncIterator[tuple[str, int]]:
    last = schema.PAST_DAYS if since is None else after_prefix(ids.day_key(since))
    day = await table.next_partition(ids.partition(after)[:4] if after else "")
    while day is not None and day < min(last, schema.PAST_DAYS):
        newest = ids.day_of(day)
        keys = (ids.day_key(newest - timedelta(days=n)) for n in range(_DAYS_AT_ONCE))
        # Before the first day of all there is none, though its key would be that of the last.
        days = [key for key in keys if day[:4] <= key < last]
        async for place in merge_in_order(_streams(table, days, starts, after)):
            yield place
        day = await table.next_partition(after_prefix(days[-1]))


def _streams(
    table: Table, days: Collection[str], starts: Collection[str], after: str | None
) -> list[AsyncGenerator[tuple[str, tuple[str, int]], None]]:
    return [
        _stream(table, partition, start, ids.row(after) if after and after[:4] == day else "")
        for day in days
        for partition in ids.partitions(day)
        for start in starts
    ]


async def _stream(
    table: Table, partition: str, start: str, first: str
) -> AsyncGenerator[tuple[str, tuple[str, int]], None]:
    """Yield the deliveries of one shard under an index key, by time."""
    rows = table.range(partition, start + first, after_prefix(start), page=_PAGE)
    async for row in rows:
        pointer = row.key[len(start) :]
        job, _, index = pointer.partition("-")
        yield partition[:4] + pointer, (partition + job, int(index))


async def _read(table: Table, places: list[tuple[str, int]]) -> list[tuple[Entry, Delivery]]:
    """Read the entries of deliveries; those that are being forgotten are left out."""
    entries = await asyncio.gather(*(find_entry(table, job_id) for job_id, _ in places))
    return [
        (entry, entry.deliveries[index])
        for entry, (_, index) in zip(entries, places, strict=True)
        if entry is not None and index < len(entry.deliveries)
    ]
