"""The schedule: what is due later, as rows by due time, which a timer moves onto the queues.

A message that waits hidden on a queue counts for Azure's scale controller and ages for every alarm,
so only what is due soon waits there. A row holds a queue's name and a job, and is a pointer only:
claims decide what is sent. So a row whose job was canceled does no harm, and one that is put on its
queue twice, because a worker died before it deleted the row, is sent once.

A row's place follows from the due time and the job's id: partition `~due-<minute>-<shard>`, key
`<second and microsecond>.<job id>`, where the shard is the one in the id. So what is due in one
minute, such as all that waited for the end of quiet hours, is spread over `ids.SHARDS` partitions.
Erasing an entry finds its rows by the times that the entry names.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from shared.jobs import ids
from shared.jobs.events import Answer, Doubt
from shared.ledger import schema
from shared.ledger.owners import minute
from shared.log import log
from shared.storage.queues import NO_DELAY, QUEUE_OF_LANE
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterator,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Sequence,
    )

    from shared.jobs.fold import Entry
    from shared.storage.queues import Queues
    from shared.storage.table import Table

# What is due later than this after it was put waits here, and not on a queue.
MAX_QUEUE_DELAY: Final = timedelta(minutes=2)
# A run moves what is due before the next run comes, and the queue hides it until then.
RELEASE_AHEAD: Final = timedelta(seconds=60)
MAX_CONCURRENT_PUTS: Final = 32
# Two deletes of a hundred keep up with the puts, and a slow table is not given more to do.
_MAX_CONCURRENT_TABLE_REQUESTS: Final = 2
# The table deletes so many rows in one request.
_ROWS_PER_STEP: Final = 100
# So many rows of each partition are in memory: less than a KiB each, or 48 of a batch.
_ROWS_PER_PAGE: Final = 500


class Schedule:
    """The schedule in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(self, due: datetime, job_id: str, queue: str, message: bytes) -> None:
        """Keep a message for a queue until `due`; the same one again changes nothing."""
        await self._table.insert(row_of(due, job_id, f"{queue}\n{message.decode()}"))

    async def release(
        self,
        queues: Queues,
        now: Callable[[], datetime],
        *,
        enough: Callable[[], bool] = lambda: False,
    ) -> int:
        """Move what is due within `RELEASE_AHEAD` onto the queues; return how many messages.

        The earliest minute comes first, and everything that is due comes, however long no run came.
        A row is deleted after its message is on the queue. A row that makes no sense stays, and
        keeps no other one back. A run that is told that it is `enough` ends early; the next one
        goes on.

        Raises:
            StorageUnavailableError: the rest stays for the next run.
        """
        run = _Release(self._table, queues, now, enough)
        end = now() + RELEASE_AHEAD
        async for partitions in self._minutes(minute(end)):
            if enough():
                break
            await run.move(partitions, end)
        return run.count

    async def _minutes(self, last: str) -> AsyncIterator[list[str]]:
        """Yield the partitions of each minute up to `last` in which anything is due."""
        partitions: list[str] = []
        found = await self._table.next_partition(schema.SCHEDULE.first)
        while found is not None and _minute(found) <= last:
            if partitions and _minute(partitions[0]) != _minute(found):
                yield partitions
                partitions = []
            partitions.append(found)
            found = await self._table.next_partition(just_after(found))
        if partitions:
            yield partitions

    async def has(self, entry: Entry, now: datetime) -> bool:
        """Whether an entry has a row for a time after `now`."""
        for due in _due_times(entry):
            row = row_of(due, entry.id)
            if due > now and await self._table.get(row.partition, row.key) is not None:
                return True
        return False

    async def drop(self, entry: Entry) -> int:
        """Delete the rows of an entry of which nothing is to be sent; return how many."""
        count = 0
        for due in set(_due_times(entry)):
            row = row_of(due, entry.id)
            count += await self._table.get(row.partition, row.key) is not None
            await self._table.delete(row.partition, [row.key])
        return count

    async def redact(self, entry: Entry, redact: Callable[[bytes], bytes]) -> int:
        """Replace what an entry's rows hold by what `redact` makes of it; return how many."""
        count = 0
        for due in set(_due_times(entry)):
            row = row_of(due, entry.id)
            text = await self._table.get(row.partition, row.key)
            if text is not None:
                queue, _, message = text.partition("\n")
                kept = redact(message.encode()).decode()
                if kept != message:
                    count += await self._table.replace(row_of(due, entry.id, f"{queue}\n{kept}"))
        return count


class _Waiting(NamedTuple):
    """What a row holds: a message, for which queue, and from when on."""

    key: str
    due: datetime
    queue: str
    message: bytes


class _Release:
    """One run of releasing, and how many messages it has moved so far."""

    def __init__(
        self,
        table: Table,
        queues: Queues,
        now: Callable[[], datetime],
        enough: Callable[[], bool],
    ) -> None:
        self._table = table
        self._queues = queues
        self._now = now
        self._enough = enough
        self._puts = asyncio.Semaphore(MAX_CONCURRENT_PUTS)
        self._table_requests = asyncio.Semaphore(_MAX_CONCURRENT_TABLE_REQUESTS)
        self.count = 0

    async def move(self, partitions: Sequence[str], end: datetime) -> None:
        """Move what is due before `end` from these partitions, side by side.

        They take turns at putting, so that none is far ahead of the others.
        """
        await _run_all(self._move_partition(each, end) for each in partitions)

    async def _move_partition(self, partition: str, end: datetime) -> None:
        before = _second(end) if _minute(partition) == minute(end) else None
        rows = await self._read(partition, "", before)
        while True:
            for start in range(0, len(rows), _ROWS_PER_STEP):
                if self._enough():
                    return
                await self._step(rows[start : start + _ROWS_PER_STEP])
            if len(rows) < _ROWS_PER_PAGE:
                return
            rows = await self._read(partition, just_after(rows[-1].key), before)

    async def _read(self, partition: str, first: str, before: str | None) -> list[Row]:
        """Return the next rows of a partition, as many as may be in memory."""
        rows = []
        async with self._table_requests:
            async for row in self._table.range(partition, first, before, page=_ROWS_PER_PAGE):
                rows.append(row)
                if len(rows) == _ROWS_PER_PAGE:
                    break
        return rows

    async def _step(self, rows: Sequence[Row]) -> None:
        waiting = [each for each in map(_read_row, rows) if each]
        await _run_all(map(self._put, waiting))
        async with self._table_requests:
            await self._table.delete(rows[0].partition, [each.key for each in waiting])
        self.count += len(waiting)

    async def _put(self, waiting: _Waiting) -> None:
        async with self._puts:
            # A run can take minutes, so each delay is counted from its own moment.
            delay = max(waiting.due - self._now(), NO_DELAY)
            await self._queues.put(waiting.queue, waiting.message, delay)


async def _run_all(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run steps side by side; one that fails cancels the others, and nothing runs on."""
    tasks = [asyncio.create_task(step) for step in steps]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        raise


def row_of(due: datetime, job_id: str, text: str = "") -> Row:
    """Return the row of a job that is due at a time; its text is a queue, a new line, a message."""
    partition = schema.SCHEDULE.place(minute(due), ids.shard(job_id))
    return Row(partition, f"{_second(due)}.{job_id}", text)


def _minute(partition: str) -> str:
    return partition.removeprefix(schema.SCHEDULE.first).partition("-")[0]


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%S%f}"


def _read_row(row: Row) -> _Waiting | None:
    """Return what a row holds; None if it makes no sense, such as one of a later version."""
    queue, _, message = row.text.partition("\n")
    time = _minute(row.partition) + row.key.partition(".")[0]
    with suppress(ValueError):
        due = datetime.strptime(time, "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        if queue in QUEUE_OF_LANE.values() and message:
            return _Waiting(row.key, due, queue, message.encode())
    log("not_released", level=logging.ERROR, partition=row.partition, key=row.key)
    return None


def _due_times(entry: Entry) -> Iterator[datetime]:
    """Yield every time for which an entry may have been put on the schedule."""
    if entry.accepted is not None and entry.accepted.send_at is not None:
        yield entry.accepted.send_at
    for event in entry.events:
        if isinstance(event, Answer | Doubt):
            yield from (o.not_before for o in event.outcomes if o.not_before is not None)
