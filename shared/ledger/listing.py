"""Listing newest first: the shards of a day merged by time, days without rows skipped.

A page costs the same however long the history is: it reads about as many rows of each shard as
it shows, and at most `MAX_DELIVERIES_READ` deliveries. A page that a filter thinned out can be
short, or empty, and still have a successor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.jobs import events, ids
from shared.jobs.fold import Delivery, Entry, fold
from shared.ledger import schema
from shared.ledger.index import find_deliveries
from shared.ledger.reading import merge_in_order
from shared.storage.table import after_prefix

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
    from datetime import datetime

    from shared.jobs.events import AnyEvent
    from shared.storage.table import Table

MAX_DELIVERIES_READ: Final = 2000
_MAX_PAGE: Final = 200
_ROW: Final = 17


@dataclass(frozen=True)
class Page:
    """Deliveries, each with its entry, and where to go on (None: there are no more)."""

    items: tuple[tuple[Entry, Delivery], ...]
    next: str | None


async def list_newest(  # noqa: PLR0913 - what narrows a listing is this much
    table: Table,
    wanted: Callable[[Entry, Delivery], bool],
    *,
    limit: int,
    cursor: str | None,
    since: datetime | None = None,
    until: datetime | None = None,
    starts: Collection[str] | None = None,
) -> Page:
    """Return a page of what is `wanted`, after `cursor` (the id of the last delivery looked at).

    What was accepted after `until` is skipped unread, and nothing is read beyond `since`; both
    count to the millisecond. With `starts`, only what the index has under those keys is read.
    """
    after = ids.parse(cursor) if cursor else None
    # No id is as small as that of `until`, of the same millisecond: everything of it comes after.
    starts_at = [*([after.job_id] if after else []), *([ids.new_id(until, 0)] if until else [])]
    start = max(starts_at, key=lambda each: (each[:4], ids.row(each)), default=None)
    items: list[tuple[Entry, Delivery]] = []
    looked_at = 0
    found = (
        _every_delivery(table, start, page=min(max(limit, 20), _MAX_PAGE))
        if starts is None
        else find_deliveries(table, starts, after=start, since=since)
    )
    async for entry, delivery in found:
        if since is not None and ids.accepted_at(entry.id) < since:
            break
        if after and entry.id == after.job_id and delivery.index <= (after.index or 0):
            continue
        looked_at += 1
        if wanted(entry, delivery):
            items.append((entry, delivery))
        if len(items) == limit or looked_at == MAX_DELIVERIES_READ:
            return Page(tuple(items), delivery.id)
    return Page(tuple(items), None)


async def _every_delivery(
    table: Table, after: str | None, *, page: int
) -> AsyncIterator[tuple[Entry, Delivery]]:
    """Yield every delivery, newest first, from the job `after` on, that one included."""
    partition = await table.next_partition(ids.partition(after)[:4] if after else "")
    while partition is not None and partition < schema.PAST_DAYS:
        day = partition[:4]
        first = ids.row(after) if after and after.startswith(day) else ""
        shards = [_by_row(table, each, first, page) for each in ids.partitions(day)]
        async for job_id, events_of_job in merge_in_order(shards):
            entry = fold(job_id, events_of_job)
            for delivery in entry.deliveries:
                yield entry, delivery
        partition = await table.next_partition(after_prefix(day))


async def _by_row(
    table: Table, partition: str, first: str, page: int
) -> AsyncGenerator[tuple[str, tuple[str, list[AnyEvent]]], None]:
    async for found in _of_shard(table, partition, first, page):
        yield ids.row(found[0]), found


async def entries_accepted_between(
    table: Table, first: datetime, last: datetime
) -> AsyncIterator[Entry]:
    """Yield the entries accepted from `first` to `last`, in no order."""
    day, past_first = last, after_prefix(ids.time_key(first))
    while ids.day_of(ids.day_key(day)) >= ids.day_of(ids.day_key(first)):
        key = ids.day_key(day)
        newest = ids.time_key(last) if key == ids.day_key(last) else ""
        oldest = past_first if key == ids.day_key(first) else schema.PAST_EVENTS
        for partition in ids.partitions(key):
            async for job_id, found in _of_shard(table, partition, newest, _MAX_PAGE, oldest):
                yield fold(job_id, found)
        day -= timedelta(days=1)


async def entries_in_range(
    table: Table, partition: str, first: str, last: str
) -> AsyncIterator[Entry]:
    """Yield the entries of one partition whose row keys are from `first` to before `last`."""
    async for job_id, found in _of_shard(table, partition, first, 1000, last):
        yield fold(job_id, found)


async def _of_shard(
    table: Table, partition: str, first: str, page: int, last: str = schema.PAST_EVENTS
) -> AsyncGenerator[tuple[str, list[AnyEvent]], None]:
    """Yield the jobs of one partition, each with all its events."""
    key, found = "", list[events.AnyEvent]()
    async for row in table.range(partition, first, last, page=page):
        if row.key[:_ROW] != key and found:
            yield partition + key, found
            found = []
        key = row.key[:_ROW]
        found.append(events.decode(row.text))
    if found:
        yield partition + key, found
