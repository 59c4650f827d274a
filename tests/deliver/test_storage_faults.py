"""Storage fails at each step, in each way in which it can; nothing is lost or sent twice."""

import json
from dataclasses import dataclass

import pytest

from shared.errors import StorageUnavailableError
from tests.deliver.seams import FailAt, Recorder, RepeatedError, places
from tests.deliver.twilio_double import Way
from tests.deliver.world import World, fields_of

pytestmark = pytest.mark.slow

SCRIPTS: list[tuple[Way, ...]] = [(), ("lost_answer",), ("unknown",), ("too_many",)]


# Throttled, or the answer lost: told so, or repeated by the storage library behind our back.
FAULTS: list[tuple[type[Exception], tuple[str, ...]]] = [
    (StorageUnavailableError, ("before", "after")),
    (RepeatedError, ("insert after", "put after")),
]


async def storage_steps(script: tuple[Way, ...], count: int) -> list[int]:
    """The places of the steps at which storage is asked."""
    world, recorder = World(script), Recorder()
    await world.accepted(count=count)
    await world.until_quiet(recorder)
    asked = [step for step in recorder.steps if not step.startswith("carrier")]
    return places(asked, 60)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize(("error", "at"), FAULTS)
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
@pytest.mark.parametrize("count", [1, 2])
async def test_storage_that_fails_while_delivering(
    count: int,
    script: tuple[Way, ...],
    error: type[Exception],
    at: tuple[str, ...],
    times: int,
) -> None:
    """Throttled before a step, or its answer lost after it, for a moment or longer."""
    for place in await storage_steps(script, count):
        world = World(script)
        await world.accepted(count=count)
        await world.until_quiet(FailAt(place, error, times, at))
        await world.check_sent_once()


@dataclass
class Away:
    """A gate behind which the table, or the queues, are away until a time has come."""

    world: World
    what: str
    seconds: float

    def __post_init__(self) -> None:
        self.until = self.world.clock().timestamp() + self.seconds

    async def __call__(self, step: str) -> None:
        if step.startswith(self.what) and self.world.clock().timestamp() < self.until:
            raise StorageUnavailableError(self.what)


@pytest.mark.parametrize("seconds", [20, 300, 1800])
@pytest.mark.parametrize("what", ["rows", "queue"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
async def test_the_table_is_down_while_the_queue_is_up_and_the_reverse(
    script: tuple[Way, ...], what: str, seconds: float
) -> None:
    """An outage of either, however long, delays a message and does no more."""
    world = World(script)
    await world.accepted(count=2)
    world.queue.drop(json.dumps(fields_of("call", to="+14155559999")).encode())
    await world.until_quiet(Away(world, what, seconds))
    await world.check_sent_once()


@pytest.mark.parametrize("seconds", [20, 300, 1800])
@pytest.mark.parametrize("lane", ["now", "bulk"])
async def test_a_dropped_request_with_a_key_outlasts_an_outage_too(
    lane: str, seconds: float
) -> None:
    """While nobody knows whose key it is, it waits on its queue; then it is sent once."""
    world = World(["lost_answer"])
    fields = fields_of("message", lane=lane, idempotency_key="k")
    world.queue.drop(json.dumps(fields).encode())
    await world.until_quiet(Away(world, "rows", seconds))
    await world.check_sent_once()
    (entry,) = await world.entries()
    assert await world.accepted(key="k", lane=lane) == entry.id


async def test_accepting_while_storage_fails() -> None:
    """503 where storage failed; asked again with the same key, it is accepted and sent once."""
    recorder = Recorder()
    await World().accept(World().worker(recorder), "message", fields_of("message"), "key")
    for error, at in FAULTS:
        for place in range(len(recorder.steps)):
            world = World()
            flaky = world.worker(FailAt(place, error, at=at))
            replies = [await world.accept(flaky, "message", fields_of("message"), "key")]
            if replies[0].status_code != 202:
                assert replies[0].status_code == 503
                assert replies[0].headers["Retry-After"]
            replies += [
                await world.accept(flaky, "message", fields_of("message"), "key") for _ in range(2)
            ]
            assert [reply.status_code for reply in replies[1:]] == [202, 202]
            assert replies[1].get_body() == replies[2].get_body()
            await world.until_quiet()
            await world.check_sent_once()
