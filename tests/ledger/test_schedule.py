"""The schedule: rows by due time, moved onto the queues in time, found by cancel and erase."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from shared.accept.outbox import put, put_back
from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.jobs.events import Answer, AnyEvent, Claim, Outcome
from shared.jobs.fold import fold
from shared.jobs.job import Job, decode_queue_message
from shared.ledger.schedule import MAX_QUEUE_DELAY, RELEASE_AHEAD, Schedule, row_of
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from shared.storage.table import Row
from tests.clock import NOON, Clock
from tests.deliver.asking import accept_batch, cancel, cancel_batch
from tests.deliver.seams import FailAt, KillAt, KilledError, Recorder
from tests.deliver.world import TO, World, fields_of
from tests.ledger.histories import accepted


class Setup:
    """A schedule, queues and a clock in memory."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = MemoryTable()
        self.queues = MemoryQueues(self.clock)
        self.schedule = Schedule(self.table)

    async def add(self, seconds: float, number: int = 1) -> datetime:
        """Schedule a message for so many seconds from now."""
        due = self.clock() + timedelta(seconds=seconds)
        await self.schedule.add(due, ids.new_id(NOON, number), "outbound", b'{"n": %d}' % number)
        return due

    async def release(self) -> int:
        return await self.schedule.release(self.queues, self.clock)


async def test_what_is_due_before_the_next_run_is_moved_and_stays_hidden_until_then() -> None:
    """The rest stays, and what is released is no longer on the schedule."""
    setup = Setup()
    await setup.add(150, 1)
    await setup.add(209.5, 2)
    await setup.add(210, 3)
    await setup.add(4000, 4)
    setup.clock.move(seconds=150)
    assert await setup.release() == 2
    assert [put.delay for put in setup.queues.puts] == [timedelta(), timedelta(seconds=59.5)]
    assert [put.message for put in setup.queues.puts] == [b'{"n": 1}', b'{"n": 2}']
    assert await setup.release() == 0
    setup.clock.move(seconds=1)
    assert await setup.release() == 1
    setup.clock.move(days=30)
    assert await setup.release() == 1
    assert await setup.table.next_partition("") is None


async def test_many_of_one_minute_are_all_moved() -> None:
    """More than one request deletes, over a change of the year as well."""
    setup = Setup()
    setup.clock.at = datetime.fromisoformat("2026-12-31T23:59:30+00:00")
    for number in range(250):
        await setup.add(200 + number % 60, number)
    setup.clock.move(seconds=260)
    assert await setup.release() == 250
    assert len({put.message for put in setup.queues.puts}) == 250


async def test_what_is_due_in_one_minute_is_spread_over_partitions_and_all_moved() -> None:
    """A partition takes 2,000 rows a second; the end of quiet hours is one moment for everybody."""
    setup = Setup()
    due = setup.clock() + timedelta(hours=8)
    for number in range(160):
        job_id = ids.new_id(NOON, number % ids.SHARDS << 55 | number)
        await setup.schedule.add(due, job_id, "outbound", b"%d" % number)
    partitions = [await setup.table.next_partition("~due-")]
    while (found := await setup.table.next_partition(f"{partitions[-1]} ")) is not None:
        partitions.append(found)
    assert len(partitions) == ids.SHARDS
    setup.clock.move(hours=8)
    assert await setup.release() == 160
    assert {put.message for put in setup.queues.puts} == {b"%d" % each for each in range(160)}
    assert await setup.table.next_partition("") is None


async def test_the_earliest_minute_comes_first() -> None:
    """What has waited longest is not behind what has just become due."""
    setup = Setup()
    for number in range(90):
        minutes = (7 * number) % 30
        job_id = ids.new_id(NOON, number % ids.SHARDS << 55 | number)
        due = setup.clock() + timedelta(minutes=minutes)
        await setup.schedule.add(due, job_id, "outbound", b"%d" % minutes)
    setup.clock.move(hours=1)
    assert await setup.release() == 90
    released = [int(put.message) for put in setup.queues.puts]
    assert released == sorted(released)


async def test_a_run_that_has_lasted_long_enough_ends_and_the_next_goes_on() -> None:
    """Whatever was moved is off the schedule, the rest is moved once, and no more is read of it."""
    setup = Setup()
    for number in range(250):
        await setup.add(number % 60, number)
    await setup.add(200, 250)
    setup.clock.move(minutes=5)
    counts, read = [], list[str]()
    read_range = setup.table.range

    def reading(
        partition: str, first: str = "", last: str | None = None, *, page: int = 0
    ) -> AsyncIterator[Row]:
        read.append(partition)
        return read_range(partition, first, last, page=page)

    setup.table.range = reading  # type: ignore[method-assign]  # remembers what is read
    for most in (100, 200, 300):

        def enough(most: int = most) -> bool:
            return len(setup.queues.puts) >= most

        counts.append(await setup.schedule.release(setup.queues, setup.clock, enough=enough))
    assert counts == [100, 100, 51]
    assert len(read) == 1 + 1 + 2
    assert len({put.message for put in setup.queues.puts}) == 251
    assert len(setup.queues.puts) == 251


async def test_a_partition_is_not_read_into_memory_before_it_is_moved() -> None:
    """However much is due, a page of each partition is in memory, and the pages have a bound."""
    setup = Setup()
    for number in range(1200):
        await setup.add(0, number)
    setup.clock.move(minutes=1)
    read: list[int] = []
    ahead: list[int] = []
    read_range, put = setup.table.range, setup.queues.put

    async def reading(
        partition: str, first: str = "", last: str | None = None, *, page: int = 0
    ) -> AsyncIterator[Row]:
        assert 0 < page <= 500
        async for row in read_range(partition, first, last, page=page):
            read.append(page)
            yield row

    async def putting(queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
        ahead.append(len(read) - len(setup.queues.puts))
        await put(queue, message, delay)

    setup.table.range = reading  # type: ignore[method-assign]  # counts what is read
    setup.queues.put = putting  # type: ignore[method-assign]  # counts what is read by then
    assert await setup.release() == 1200
    assert max(ahead) <= 500


async def test_a_delay_is_counted_from_the_moment_of_its_put() -> None:
    """A run that takes a while does not hold back what becomes due in the meantime."""
    setup = Setup()
    for number in range(3):
        await setup.add(150, number)
    setup.clock.move(seconds=100)
    put = setup.queues.put

    async def slow(queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
        await put(queue, message, delay)
        setup.clock.move(seconds=20)

    setup.queues.put = slow  # type: ignore[method-assign]  # takes twenty seconds
    await setup.release()
    assert [put.delay.total_seconds() for put in setup.queues.puts] == [50, 30, 10]


async def test_nothing_runs_on_after_a_step_failed() -> None:
    """A function that has ended puts nothing any more: its worker may be ended, or run it again."""
    setup = Setup()
    for number in range(160):
        job_id = ids.new_id(NOON, number % ids.SHARDS << 55 | number)
        await setup.schedule.add(setup.clock(), job_id, "outbound", b"%d" % number)
    put, failures = setup.queues.put, iter([StorageUnavailableError("queue")])

    async def unsteady(queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
        for _ in range(20):  # longer than it takes to say that one has failed
            await asyncio.sleep(0)
        if len(setup.queues.puts) == 40 and (error := next(failures, None)) is not None:
            raise error
        await put(queue, message, delay)

    setup.queues.put = unsteady  # type: ignore[method-assign]  # fails once
    with pytest.raises(StorageUnavailableError):
        await setup.release()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert len(setup.queues.puts) < 100
    await setup.release()
    assert {put.message for put in setup.queues.puts} == {b"%d" % each for each in range(160)}
    assert await setup.table.next_partition("") is None


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("00000000.{}", "outbound-later\n{{}}"),  # a queue of another version of the app
        ("00000000.{}", "outbound"),
        ("noon.{}", "outbound\n{{}}"),
    ],
)
async def test_a_row_that_cannot_be_moved_keeps_no_other_one_back(
    key: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is beside it and after it comes; it stays, and every run names it."""
    setup = Setup()
    job_id = ids.new_id(NOON, 9)
    bad = Row(row_of(NOON, job_id).partition, key.format(job_id), text.format())
    await setup.table.insert(bad)
    await setup.add(1, 1)
    await setup.add(120, 2)
    setup.clock.move(minutes=5)
    assert await setup.release() == 2
    assert await setup.release() == 0
    assert [put.message for put in setup.queues.puts] == [b'{"n": 1}', b'{"n": 2}']
    assert await setup.table.get(bad.partition, bad.key) == bad.text
    assert caplog.text.count("not_released") == 2
    assert bad.key in caplog.text


async def test_the_same_message_again_is_one_row() -> None:
    """A repeat with its key finds its row."""
    setup = Setup()
    for _ in range(2):
        await setup.add(300)
    setup.clock.move(seconds=300)
    assert await setup.release() == 1


async def test_a_job_for_later_waits_on_no_queue() -> None:
    """Hidden messages make Azure start instances; only what is due soon waits on the queue."""
    world = World()
    at = NOON + MAX_QUEUE_DELAY + timedelta(seconds=1)
    await world.accepted(send_at=at.isoformat())
    assert world.queue.messages == []
    await world.accepted(send_at=(NOON + MAX_QUEUE_DELAY).isoformat())
    (message,) = world.queue.messages
    assert message.visible_at == NOON + MAX_QUEUE_DELAY
    await world.until_quiet()
    assert [each.found.created_at for each in world.twilio.books] == [NOON + MAX_QUEUE_DELAY, at]
    await world.check_sent_once()


@pytest.mark.parametrize("script", ["sender_full", "too_many"])
async def test_a_far_retry_and_a_quiet_night_wait_there_too(script: str) -> None:
    """Whatever comes back later than two minutes is a row, and comes at its time."""
    world = World([script], QUIET_HOURS="21:00-08:00")  # type: ignore[list-item]  # a way, by its name
    world.clock.at = datetime.fromisoformat("2026-11-21T04:59:59+00:00")  # 8:59 pm in San Francisco
    await world.accepted()
    for _ in range(2):
        await world.deliver_next()
        assert all(
            each.visible_at - world.clock() <= MAX_QUEUE_DELAY for each in world.queue.messages
        )
    await world.until_quiet()
    assert world.clock() == datetime.fromisoformat("2026-11-21T16:00:00+00:00")
    await world.check_sent_once()


SCHEDULED = fields_of("message", send_at=(NOON + timedelta(hours=1)).isoformat())


async def test_dying_at_any_step_of_a_release_sends_once() -> None:
    """Whatever is put twice for that is sent once, and nothing is lost."""

    async def scheduled() -> World:
        world = World()
        for _ in range(3):
            await world.accepted(send_at=SCHEDULED["send_at"])
        world.clock.move(hours=1)
        return world

    async def release(world: World, gate: object) -> None:
        worker = world.worker(gate)  # type: ignore[arg-type]  # one of the two gates
        await worker.ledger.schedule.release(worker.queues, worker.now)

    recorder = Recorder()
    await release(await scheduled(), recorder)
    assert recorder.steps
    for place in range(len(recorder.steps)):
        for gate, error in (
            (KillAt(place), KilledError),
            (FailAt(place), StorageUnavailableError),
        ):
            world = await scheduled()
            with pytest.raises(error):
                await release(world, gate)
            await world.until_quiet()
            await world.check_sent_once()
            assert world.twilio.recipients() == [TO] * 3


async def test_two_runs_at_the_same_time_send_once() -> None:
    """Azure runs a timer on one instance at a time; should two meet, claims decide."""
    world = World()
    for _ in range(20):
        await world.accepted(send_at=SCHEDULED["send_at"])
    world.clock.move(hours=1)

    async def gate(step: str) -> None:
        del step
        await asyncio.sleep(0)

    workers = [world.worker(gate) for _ in range(2)]
    released = await asyncio.gather(
        *(each.ledger.schedule.release(each.queues, each.now) for each in workers)
    )
    assert sum(released) > 20  # they did meet
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.recipients() == [TO] * 20


async def test_what_was_canceled_is_released_and_not_sent() -> None:
    """The row is a pointer: the claim of a cancel stands, for a message and for a whole batch."""
    world = World()
    job_id = await world.accepted(send_at=SCHEDULED["send_at"])
    assert (await cancel(world.worker(), job_id)).status == 200
    fields = {"kind": "message", "body": "Hi", "send_at": SCHEDULED["send_at"]}
    reply = await accept_batch(world.worker(), fields | {"recipients": [{"to": TO}]})
    assert (await cancel_batch(world.worker(), reply.json["id"])).status == 200
    await world.until_quiet()
    assert world.clock() == NOON + timedelta(hours=1)
    assert world.twilio.books == []


async def test_erasing_an_entry_finds_every_row_of_it() -> None:
    """Its own time, and that of each retry: the number and the text are gone at once."""
    setup = Setup()
    job_id = ids.new_id(NOON, 1)
    send_at, later = NOON + timedelta(hours=1), NOON + timedelta(hours=9, microseconds=7)
    kept = ids.new_id(NOON, 2)
    for due, name in ((send_at, job_id), (later, job_id), (send_at, kept)):
        await setup.schedule.add(due, name, "outbound", b"{}")
    outcomes = (
        Outcome(index=0, result="retryable", not_before=later),
        Outcome(index=1, result="sent", sid="SM1"),
    )
    events: list[AnyEvent] = [
        accepted(send_at=send_at),
        Claim(at=NOON, n=1),
        Answer(at=NOON, n=1, outcomes=outcomes),
    ]
    for redacted in (2, 0):
        entry = fold(job_id, events)
        assert await setup.schedule.redact(entry, lambda _: b'{"to": "erased"}') == redacted
    assert await setup.schedule.redact(fold(job_id, [Claim(at=NOON, n=1)]), lambda _: b"") == 0
    setup.clock.move(days=1)
    assert await setup.release() == 3
    erased = b'{"to": "erased"}'
    assert sorted(put.message for put in setup.queues.puts) == [erased, erased, b"{}"]
    assert await setup.schedule.redact(fold(job_id, events), lambda _: b"released") == 0


@pytest.mark.parametrize("minutes", [1, 60])
@pytest.mark.parametrize("away", ["rows", "queue"])
async def test_a_job_is_put_back_whichever_storage_is_away(away: str, minutes: float) -> None:
    """The other one takes it, and it is looked at again soon or at its time."""
    world = World()

    async def gate(step: str) -> None:
        if step.startswith(away):
            raise StorageUnavailableError(away)

    worker = world.worker(gate)
    job = Job(v=1, job=ids.new_id(NOON, 1), accepted=accepted())
    due = NOON + timedelta(minutes=minutes)
    refuses = "rows" if due - NOON > MAX_QUEUE_DELAY else "queue"
    if away == refuses:
        with pytest.raises(StorageUnavailableError):
            await put(worker, job, due)
    await put_back(worker, job, due)
    message = await world.take()
    assert message is not None
    found = decode_queue_message(message.body)
    assert isinstance(found, Job)
    assert found.again
    at_once = away == "rows" == refuses
    assert world.clock() == (NOON + timedelta(seconds=10) if at_once else due)


async def test_where_both_are_away_it_is_unknown() -> None:
    """Then the host delivers the message again."""
    world = World()
    worker = world.worker(FailAt(0, times=9))
    job = Job(v=1, job=ids.new_id(NOON, 1), accepted=accepted())
    with pytest.raises(StorageUnavailableError):
        await put_back(worker, job, NOON)


def test_a_run_reaches_further_than_the_next_one_comes() -> None:
    """A timer every half minute releases nothing late, even if one run is left out."""
    assert timedelta(seconds=60) <= RELEASE_AHEAD
    assert MAX_QUEUE_DELAY > RELEASE_AHEAD
