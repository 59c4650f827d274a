"""What the timers do, each asked as the host asks it."""

import json
import logging
from datetime import timedelta

import pytest

from shared.errors import StorageUnavailableError
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
        Note("0" * 64, app.clock(), "1", '{"event": "call", "sid": "CA1"}')
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
