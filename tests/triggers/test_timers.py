"""What the timers do, each asked as the host asks it."""

import json
import logging
from collections.abc import Sequence
from datetime import timedelta

import pytest

from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.ledger.received import Note
from shared.storage.memory_queues import MemoryQueues
from shared.triggers import timers
from tests.deliver.world import World
from tests.in_memory_app import InMemoryApp


async def test_what_is_older_than_retention_days_is_forgotten() -> None:
    """RETENTION_DAYS says how old."""
    world = World(RETENTION_DAYS="10")
    name = await world.accepted()
    await world.until_quiet()
    world.clock.move(days=10)
    await timers.forget(world.worker())
    assert await world.ledger.find(name)
    world.clock.move(hours=1)
    await timers.forget(world.worker())
    assert await world.ledger.find(name) is None


async def test_forgetting_ends_itself_before_the_host_does(app: InMemoryApp) -> None:
    """After eight minutes a run of forgetting ends, and the next one goes on."""
    for _ in range(20):
        await app.post("/api/messages", {"to": "+14155552671", "body": "Hi"})
        app.clock.move(days=1)
    for identity in [item["id"] for item in (await app.get("/api/messages")).json["items"]]:
        await app.ask("DELETE", f"/api/messages/{identity}")
    app.clock.move(days=150)
    delete = app.table.delete

    async def slow(partition: str, keys: Sequence[str]) -> None:
        app.clock.move(minutes=3 if keys else 0)
        await delete(partition, keys)

    app.table.delete = slow  # type: ignore[method-assign] # a table that takes minutes
    begun = app.clock()
    await timers.forget(app.services)
    assert timedelta(minutes=8) < app.clock() - begun <= timedelta(minutes=11)
    assert await app.table.next_partition() is not None
    for _ in range(20):
        await timers.forget(app.services)
    assert (await app.get("/api/messages")).json["items"] == []


async def test_releasing_ends_itself_before_the_host_does(app: InMemoryApp) -> None:
    """After eight minutes a run ends, and the next one goes on: all is on the queue, once."""
    app.services.queues = queues = MemoryQueues(app.clock)
    schedule, due = app.services.ledger.schedule, app.clock()
    for number in range(1000):
        job_id = ids.new_id(due, number)
        await schedule.add(due, job_id, "outbound", b"%d" % number)
    put = queues.put

    async def slow(queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
        app.clock.move(seconds=1)
        await put(queue, message, delay)

    queues.put = slow  # type: ignore[method-assign]  # takes a second each
    begun = app.clock()
    await timers.release_scheduled(app.services)
    assert timedelta(minutes=8) < app.clock() - begun < timedelta(minutes=10)
    assert await app.table.next_partition() is not None
    await timers.release_scheduled(app.services)
    await timers.release_scheduled(app.services)
    assert sorted(int(put.message) for put in queues.puts) == list(range(1000))


async def test_twilio_is_asked_about_what_is_open() -> None:
    """STATUS_POLL_AFTER_SECONDS after it was sent, what was not reported is asked for."""
    world = World(STATUS_POLL_AFTER_SECONDS="3600")
    name = await world.accepted()
    await world.until_quiet()
    world.twilio.set_status(world.twilio.books[0].found.sid, "delivered")
    world.clock.move(minutes=62)
    await timers.reconcile(world.worker())
    assert (await world.entry(name)).deliveries[0].twilio_status == "delivered"


async def test_queues_are_watched(app: InMemoryApp, caplog: pytest.LogCaptureFixture) -> None:
    """The log says how long each queue is, and how long what comes next has been waiting."""
    caplog.set_level(logging.INFO, "switchboard")
    app.services.queues = queue = MemoryQueues(app.clock)
    await queue.put("outbound", b"one")
    app.clock.move(seconds=90)
    await queue.put("outbound", b"two")
    await queue.put("outbound-bulk", b"later", timedelta(hours=1))
    await timers.watch(app.services)
    watched = [record.message.partition(" ") for record in caplog.records]
    assert {name for name, _, _ in watched} == {"queue_watched"}
    assert [json.loads(fields) for _, _, fields in watched] == [
        {"queue": "outbound", "length": 2, "oldest_seconds": 90},
        {"queue": "outbound-bulk", "length": 1, "oldest_seconds": 0},
        {"queue": "inbound", "length": 0, "oldest_seconds": 0},
    ]


async def test_what_is_due_is_released(caplog: pytest.LogCaptureFixture) -> None:
    """The timer puts it on its queue, and says how much that was if it was anything."""
    caplog.set_level(logging.INFO, "switchboard")
    world = World()
    await world.accepted(send_at=(world.clock() + timedelta(hours=1)).isoformat())
    for _ in range(2):
        await timers.release_scheduled(world.worker())
    assert "released" not in caplog.text
    world.clock.move(hours=1)
    for _ in range(2):
        await timers.release_scheduled(world.worker())
    assert [each.message for each in caplog.records if "released" in each.message] == [
        'released {"count": 1}'
    ]
    assert len(world.queue.messages) == 1


async def test_a_watch_that_fails_at_one_thing_does_the_other(app: InMemoryApp) -> None:
    """An inbound event is published while the queues cannot be looked at."""

    async def away() -> dict[str, int]:
        raise StorageUnavailableError("queue")

    await app.services.ledger.received.open(
        Note("0" * 64, app.clock(), "1", '{"event": "call", "sid": "CA1", "from": "", "to": ""}'),
        "call",
        "",
    )
    app.clock.move(hours=1)
    app.services.queues = queues = MemoryQueues(app.clock)
    queues.lengths = away  # type: ignore[method-assign]  # a queue that is away
    with pytest.raises(StorageUnavailableError):
        await timers.watch(app.services)
    assert [put.queue for put in queues.puts] == ["inbound"]


async def test_only_what_was_due_ages(app: InMemoryApp, caplog: pytest.LogCaptureFixture) -> None:
    """A message that was held over the night is as old as the time for which it was held."""
    caplog.set_level(logging.INFO, "switchboard")
    app.services.queues = MemoryQueues(app.clock)
    schedule = app.services.ledger.schedule
    await schedule.add(app.clock() + timedelta(hours=11), "x" * 22, "outbound", b"{}")
    for hours in (5, 6):
        app.clock.move(hours=hours)
        await timers.release_scheduled(app.services)
    app.clock.move(seconds=7)
    await timers.watch(app.services)
    ages = [each.message for each in caplog.records if '"outbound"' in each.message]
    assert ages == ['queue_watched {"length": 1, "oldest_seconds": 7, "queue": "outbound"}']


@pytest.mark.parametrize(
    "body",
    [
        b'{"to": "+14155552671", "body": "C", "DequeueCount": "many"}',
        b'{"to": "+14155552671", "body": "C", "ExpirationTime": "soon"}',
        b"hello",
    ],
)
async def test_what_stays_on_a_poison_queue_is_parked(body: bytes) -> None:
    """What Azure's worker cannot give to a function is read by the timer, once, with its text."""
    world = World()
    for queue in ("outbound-poison", "outbound-bulk-poison"):
        world.queue.drop(body, queue)
    for _ in range(3):
        await timers.watch(world.worker())
    (entry,) = await world.entries()
    assert entry.parked is not None
    assert entry.parked.raw == body.decode()
    assert world.queue.messages == []


async def test_poison_in_memory_is_taken_too(app: InMemoryApp) -> None:
    """The queues in memory keep the same contract."""
    app.services.queues = queues = MemoryQueues(app.clock)
    await queues.put("outbound-poison", b"hello")
    await timers.watch(app.services)
    assert queues.puts == []
