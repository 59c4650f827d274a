"""Reading entries: one by its id, and several ordered streams as one."""

from __future__ import annotations

import asyncio
import heapq
from typing import TYPE_CHECKING, TypeVar

from shared.jobs import events, ids
from shared.jobs.fold import Entry, fold

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Sequence

    from shared.storage.table import Table

T = TypeVar("T")


async def find_entry(table: Table, job_id: str) -> Entry | None:
    """Return the entry of an id, or None where nothing was ever recorded under it."""
    rows = table.prefix(ids.partition(job_id), f"{ids.row(job_id)}.")
    found = [events.decode(row.text) async for row in rows]
    return fold(job_id, found) if found else None


async def merge_in_order(
    streams: Sequence[AsyncGenerator[tuple[str, T], None]],
) -> AsyncIterator[T]:
    """Yield what several streams of (key, value) yield, each by its keys, as one stream by key."""
    heads = await asyncio.gather(*(anext(stream, None) for stream in streams))
    heap = [(head[0], number, head[1]) for number, head in enumerate(heads) if head is not None]
    heapq.heapify(heap)
    while heap:
        _, number, value = heap[0]
        yield value
        head = await anext(streams[number], None)
        if head is None:
            heapq.heappop(heap)
        else:
            heapq.heapreplace(heap, (head[0], number, head[1]))
