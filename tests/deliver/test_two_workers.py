"""Two workers have one message at once, one of them standing still at each of its steps."""

import asyncio
import json
from typing import Any

import pytest

from shared.kinds import Kind
from tests.deliver.queue_double import LEASE, Message
from tests.deliver.seams import HoldAt, Recorder
from tests.deliver.twilio_double import Way
from tests.deliver.world import World, fields_of

pytestmark = pytest.mark.slow

JOBS: list[tuple[Kind, int]] = [("message", 1), ("call", 1), ("message", 3)]
SCRIPTS: list[tuple[Way, ...]] = [
    (),
    ("lost_answer",),
    ("unknown",),
    ("too_many", "lost_answer"),
]
# How long the first worker stands still: no time, until the other one's look at it is over, past
# the lease of its message.
STANDSTILLS = [0.0, 45.0, LEASE.total_seconds() + 60]


async def taken(script: tuple[Way, ...], kind: Kind, count: int) -> tuple[World, Message]:
    """A world in which a worker has just been given a job's message."""
    world = World(script)
    await world.accepted(kind, count)
    message = world.queue.take()
    assert message is not None
    return world, message


async def steps_of_a_delivery(script: tuple[Way, ...], kind: Kind, count: int) -> int:
    world, message = await taken(script, kind, count)
    recorder = Recorder()
    await world.deliver(world.worker(recorder), message)
    return len(recorder.steps)


@pytest.mark.parametrize("standstill", STANDSTILLS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
@pytest.mark.parametrize(("kind", "count"), JOBS)
async def test_a_second_worker_takes_the_message_of_one_that_stands_still(
    kind: Kind, count: int, script: tuple[Way, ...], standstill: float
) -> None:
    """Whatever the first does when it wakes up, each recipient is sent to once."""
    for place in range(await steps_of_a_delivery(script, kind, count)):
        world, message = await taken(script, kind, count)
        hold = HoldAt(place)
        first = asyncio.create_task(world.deliver(world.worker(hold), message))
        await hold.held.wait()
        world.clock.move(seconds=standstill)
        world.queue.lease(message)
        await world.deliver(world.worker(), message)
        if standstill:
            await world.until_quiet()
        hold.let_go.set()
        await first
        await world.until_quiet()
        await world.check_sent_once()


@pytest.mark.parametrize("copies", [2, 3])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
async def test_a_message_that_is_on_the_queue_several_times(
    copies: int, script: tuple[Way, ...]
) -> None:
    """A message put twice, as storage libraries do when an answer is lost, is sent once."""
    world = World(script)
    await world.accepted()
    (message,) = world.queue.messages
    for _ in range(copies - 1):
        world.queue.drop(message.body)
    await world.until_quiet()
    await world.check_sent_once()


async def test_two_requests_with_one_key_at_the_same_moment() -> None:
    """Both get the same answer, and one message is sent, at whichever step they meet."""
    recorder = Recorder()
    await World().accept(World().worker(recorder), "message", fields_of("message"), "key")
    for place in range(len(recorder.steps)):
        world = World()
        hold = HoldAt(place)

        def ask(gate: Any = None, world: World = world) -> Any:  # noqa: ANN401 - a coroutine
            worker = world.worker(gate) if gate else world.worker()
            return world.accept(worker, "message", fields_of("message"), "key")

        first = asyncio.create_task(ask(hold))
        await hold.held.wait()
        second = await ask()
        hold.let_go.set()
        assert (await first).get_body() == second.get_body()
        await world.until_quiet()
        await world.check_sent_once()
        (entry,) = await world.entries()
        assert entry.id == json.loads(second.get_body())["id"]
