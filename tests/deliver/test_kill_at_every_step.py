"""A worker dies at each of its steps; Twilio's books hold one of everything all the same.

The steps are those that a run without trouble takes, so a new one is covered as soon as it is
there: every call of the table, of a queue and of Twilio counts twice, before it takes effect and
after that.
"""

import json

import pytest

from shared.kinds import Kind
from tests.deliver.seams import KillAt, KilledError, Recorder, places
from tests.deliver.twilio_double import Way
from tests.deliver.world import World, fields_of

pytestmark = pytest.mark.slow

JOBS: list[tuple[Kind, int]] = [("message", 1), ("call", 1), ("message", 2), ("call", 2)]
SCRIPTS: list[tuple[Way, ...]] = [
    (),
    ("lost_answer",),
    ("late",),
    ("too_many",),
    ("unknown",),
    ("no_connection", "lost_answer"),
]
KEY = "one-key"


async def steps_of(world: World) -> list[str]:
    """The steps that it takes to deliver what is on the queue."""
    recorder = Recorder()
    await world.until_quiet(recorder)
    await world.check_sent_once()
    return recorder.steps


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
@pytest.mark.parametrize(("kind", "count"), JOBS)
async def test_dying_while_delivering_neither_loses_nor_doubles(
    script: tuple[Way, ...], kind: Kind, count: int
) -> None:
    """Wherever a worker dies, each recipient is sent to once and the entry says so."""
    world = World(script)
    await world.accepted(kind, count)
    for place in places(await steps_of(world), 120):
        world = World(script)
        await world.accepted(kind, count)
        await world.until_quiet(KillAt(place))
        await world.check_sent_once()


@pytest.mark.parametrize("script", [(), ("lost_answer",) * 100, ("too_many", "unknown") * 50],
                         ids=["answered", "lost_answer", "mixed"])  # fmt: skip
async def test_dying_with_a_hundred_recipients_on_hand(script: tuple[Way, ...]) -> None:
    """A job of a hundred recipients survives a death at any of its steps as well."""
    world = World(script)
    await world.accepted("message", 100)
    for place in places(await steps_of(world), 10):
        world = World(script)
        await world.accepted("message", 100)
        await world.until_quiet(KillAt(place))
        await world.check_sent_once()


@pytest.mark.parametrize("script", [(), ("lost_answer",), ("unknown",)])
async def test_the_worker_that_takes_over_dies_too(script: tuple[Way, ...]) -> None:
    """Two deaths in a row, each at any step, change nothing."""
    for place in range(await steps_of_a_delivery(script)):
        again = await steps_of(await dead_at(script, place))
        for second in places(again, 25):
            world = await dead_at(script, place)
            await world.until_quiet(KillAt(second))
            await world.check_sent_once()


async def dead_at(script: tuple[Way, ...], place: int) -> World:
    """A world in which the worker that took a message has just died at a step."""
    world = World(script)
    await world.accepted()
    await world.deliver_next(world.worker(KillAt(place)))
    return world


async def steps_of_a_delivery(script: tuple[Way, ...]) -> int:
    """How many steps a message takes the first time that it is delivered."""
    recorder = Recorder()
    world = World(script)
    await world.accepted()
    await world.deliver_next(world.worker(recorder))
    return len(recorder.steps)


async def test_a_request_that_was_dropped_on_the_queue_survives_a_death_too() -> None:
    """What some program dropped on the queue is sent once, wherever a worker dies with it."""
    body = json.dumps(fields_of("message")).encode()
    script: tuple[Way, ...] = ("lost_answer",)
    for text in (body, body[:-1] + b', "idempotency_key": "k"}'):
        world = World(script)
        world.queue.drop(text)
        for place in range(len(await steps_of(world))):
            world = World(script)
            world.queue.drop(text)
            await world.until_quiet(KillAt(place))
            await world.check_sent_once()
            assert len(await world.entries()) == 1


@pytest.mark.parametrize(("kind", "count"), JOBS)
async def test_dying_while_accepting_is_mended_by_asking_again(kind: Kind, count: int) -> None:
    """Wherever accepting dies, the same key gives one send, one id and one answer in the end."""
    fields = fields_of(kind, count)
    recorder = Recorder()
    await World().accept(World().worker(recorder), kind, fields, KEY)
    assert recorder.steps
    for place in range(len(recorder.steps)):
        for delivered_between in (False, True):
            world = World()
            with pytest.raises(KilledError):
                await world.accept(world.worker(KillAt(place)), kind, fields, KEY)
            if delivered_between:
                await world.until_quiet()
            first = await world.accept(world.worker(), kind, fields, KEY)
            again = await world.accept(world.worker(), kind, fields, KEY)
            assert first.status_code == 202
            assert first.get_body() == again.get_body()
            await world.until_quiet()
            await world.check_sent_once()
            (entry,) = await world.entries()
            assert entry.id == json.loads(first.get_body())["id"]
