"""The schedule: what is due later, as rows by due time, which a timer moves onto the queues.

A message that waits hidden on a queue counts for Azure's scale controller and ages for every alarm,
so only what is due soon waits there. A row holds a queue's name and a job, and is a pointer only:
claims decide what is sent. So a row whose job was canceled does no harm, and one that is put on its
queue twice, because a worker died before it deleted the row, is sent once.

A row's place follows from the due time and the job's id: partition `~due-<minute>`, key
`<second and microsecond>.<job id>`. Erasing an entry finds its rows by the times that the entry
names.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from shared.jobs.events import Answer, Doubt
from shared.ledger import schema
from shared.ledger.owners import minute
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shared.jobs.fold import Entry
    from shared.storage.queues import Queues
    from shared.storage.table import Table

# What is due later than this after it was put waits here, and not on a queue.
MAX_QUEUE_DELAY: Final = timedelta(minutes=2)
# A run moves what is due before the next run comes, and the queue hides it until then.
RELEASE_AHEAD: Final = timedelta(seconds=60)
_MAX_CONCURRENT_PUTS: Final = 32
# The table deletes so many rows in one request.
_ROWS_PER_STEP: Final = 100


class Schedule:
    """The schedule in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(self, due: datetime, job_id: str, queue: str, message: bytes) -> None:
        """Keep a message for a queue until `due`; the same one again changes nothing."""
        await self._table.insert(_row(due, job_id, f"{queue}\n{message.decode()}"))

    async def release(self, queues: Queues, now: datetime) -> int:
        """Move what is due within `RELEASE_AHEAD` onto the queues; return how many messages.

        Everything that is due comes, however long no run came. A row is deleted after its message
        is on the queue.

        Raises:
            StorageUnavailableError: the rest stays for the next run.
        """
        end = now + RELEASE_AHEAD
        last, count = schema.SCHEDULE.place(minute(end)), 0
        partition = await self._table.next_partition(schema.SCHEDULE.first)
        while partition is not None and partition <= last:
            before = _second(end) if partition == last else None
            rows = [row async for row in self._table.range(partition, "", before)]
            for begin in range(0, len(rows), _ROWS_PER_STEP):
                await self._move(rows[begin : begin + _ROWS_PER_STEP], queues, now)
            count += len(rows)
            partition = await self._table.next_partition(just_after(partition))
        return count

    async def has(self, entry: Entry, now: datetime) -> bool:
        """Whether an entry has a row for a time after `now`."""
        for due in _due_times(entry):
            row = _row(due, entry.id)
            if due > now and await self._table.get(row.partition, row.key) is not None:
                return True
        return False

    async def drop(self, entry: Entry) -> int:
        """Delete the rows of an entry of which nothing is to be sent; return how many."""
        count = 0
        for due in set(_due_times(entry)):
            row = _row(due, entry.id)
            count += await self._table.get(row.partition, row.key) is not None
            await self._table.delete(row.partition, [row.key])
        return count

    async def redact(self, entry: Entry, redact: Callable[[bytes], bytes]) -> int:
        """Replace what an entry's rows hold by what `redact` makes of it; return how many."""
        count = 0
        for due in set(_due_times(entry)):
            row = _row(due, entry.id)
            text = await self._table.get(row.partition, row.key)
            if text is not None:
                queue, _, message = text.partition("\n")
                kept = redact(message.encode()).decode()
                if kept != message:
                    count += await self._table.replace(_row(due, entry.id, f"{queue}\n{kept}"))
        return count

    async def _move(self, rows: list[Row], queues: Queues, now: datetime) -> None:
        slots = asyncio.Semaphore(_MAX_CONCURRENT_PUTS)

        async def put(row: Row) -> None:
            queue, _, message = row.text.partition("\n")
            async with slots:
                await queues.put(queue, message.encode(), max(_due(row) - now, timedelta()))

        await asyncio.gather(*map(put, rows))
        await self._table.delete(rows[0].partition, [row.key for row in rows])


def _row(due: datetime, job_id: str, text: str = "") -> Row:
    return Row(schema.SCHEDULE.place(minute(due)), f"{_second(due)}.{job_id}", text)


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%S%f}"


def _due(row: Row) -> datetime:
    """Return when a row is due."""
    return datetime.strptime(
        row.partition.removeprefix(schema.SCHEDULE.first) + row.key.partition(".")[0],
        "%Y%m%dT%H%M%S%f",
    ).replace(tzinfo=UTC)


def _due_times(entry: Entry) -> Iterator[datetime]:
    """Yield every time for which an entry may have been put on the schedule."""
    if entry.accepted is not None and entry.accepted.send_at is not None:
        yield entry.accepted.send_at
    for event in entry.events:
        if isinstance(event, Answer | Doubt):
            yield from (o.not_before for o in event.outcomes if o.not_before is not None)
