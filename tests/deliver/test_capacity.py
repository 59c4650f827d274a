"""The room for the recipients of the bulk lane."""

import asyncio

import pytest

from shared.deliver.capacity import Capacity
from tests.deliver.world import World, numbers


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_job_waits_until_a_place_is_free() -> None:
    """Whoever finds a free place comes in, whatever its size; nobody else does until one leaves."""
    room, inside = Capacity(200), list[str]()
    leave = {name: asyncio.Event() for name in "abcd"}

    async def job(name: str) -> None:
        async with room.hold(150):
            inside.append(name)
            await leave[name].wait()

    async with asyncio.TaskGroup() as group:
        for name in leave:
            group.create_task(job(name))
        await settle()
        assert inside == ["a", "b"]
        leave["a"].set()
        await settle()
        assert inside == ["a", "b", "c"]
        for each in leave.values():
            each.set()
    assert inside == ["a", "b", "c", "d"]


async def test_a_job_that_fails_leaves_its_places() -> None:
    """An error inside gives the places back."""
    room = Capacity(1)
    with pytest.raises(ValueError, match="inside"):
        async with room.hold(100):
            raise ValueError("inside")
    async with room.hold(100):
        pass


async def test_all_of_a_bulk_job_is_sent() -> None:
    """A job of more recipients than there are places is sent whole, once each."""
    world = World(TWILIO_MAX_CONCURRENCY="2")
    await world.accepted(count=7, lane="bulk")
    await world.until_quiet()
    assert sorted(world.twilio.recipients()) == numbers(7)
    await world.check_sent_once()
