"""What the timers do, each asked as the host asks it."""

from shared import timers
from tests.deliver.world import World


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
