"""Laws: however workers, deaths, faults and reports are interleaved, everything is sent once."""

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.kinds import Kind
from tests.deliver.scheduler import Act, Move, Scheduler
from tests.deliver.twilio_double import WAYS, Way
from tests.deliver.world import World, fields_of

pytestmark = pytest.mark.slow

# A right end too, but not `sent once`.
FOR_GOOD = ("refused", "opted_out")
ways: st.SearchStrategy[list[Way]] = st.lists(
    st.sampled_from(["answered", *(way for way in WAYS if way not in FOR_GOOD)]), max_size=6
)
# A twin in doubt and a Twilio that is late at once can end in three: see the decision page.
ways_in_time = ways.filter(lambda script: "late" not in script)
kinds: st.SearchStrategy[Kind] = st.sampled_from(get_args(Kind))


def moves(*acts: Act, seconds: int) -> st.SearchStrategy[list[Move]]:
    """Moves, most of them plain steps; a tick lasts `seconds` at the most."""
    act = st.sampled_from([*["step"] * 8, *acts])
    return st.lists(st.builds(Move, act, st.integers(0, seconds)), max_size=60)


@settings(max_examples=250, deadline=None)
@given(
    kind=kinds,
    count=st.sampled_from([1, 1, 1, 2]),
    copies=st.integers(1, 3),
    script=ways,
    played=moves("kill", "fail", "tick", "report", seconds=90),
)
def test_one_request_however_its_messages_are_delivered(
    kind: Kind, count: int, copies: int, script: list[Way], played: list[Move]
) -> None:
    """Copies of a message, workers that stand still, die or fail, early reports: sent once."""

    async def play() -> None:
        world = World(script)
        await world.accepted(kind, count)
        for _ in range(copies - 1):
            world.queue.drop(world.queue.messages[0].body)
        await deliver_side_by_side(world, played)
        await world.until_quiet()
        await world.check_sent_once()

    asyncio.run(play())


@settings(max_examples=150, deadline=None)
@given(
    kind=kinds,
    askers=st.integers(1, 3),
    script=ways,
    played=moves("kill", "fail", "tick", seconds=90),
    later=moves("kill", "fail", "tick", seconds=90),
)
def test_one_key_however_often_it_is_asked_for(
    kind: Kind, askers: int, script: list[Way], played: list[Move], later: list[Move]
) -> None:
    """Askers with one key that race, die and ask again get one send between them."""

    async def play() -> None:
        world = World(script)
        scheduler = Scheduler(world)
        for _ in range(askers):
            worker = world.worker(scheduler.gate())
            scheduler.start(world.accept(worker, kind, fields_of(kind), "key"))
        await scheduler.play(played)
        await deliver_side_by_side(world, later)
        job_id = await world.accepted(kind, key="key")
        await world.until_quiet()
        await world.check_sent_once()
        assert [entry.id for entry in await world.entries()] == [job_id]

    asyncio.run(play())


class Twins(NamedTuple):
    """Two identical requests: the second comes so many seconds after the first, or is dropped."""

    kind: Kind
    apart: int
    dropped: bool
    reported: bool


@settings(max_examples=250, deadline=None)
@given(
    twins=st.builds(Twins, kinds, st.integers(0, 40), st.booleans(), st.booleans()),
    script=ways_in_time,
    played=moves("kill", "fail", seconds=60),
)
def test_two_identical_requests_are_two_sends(
    twins: Twins, script: list[Way], played: list[Move]
) -> None:
    """Twins to one number in one window, either or both of them in doubt: two at Twilio."""

    async def play() -> None:
        world = World(script)
        await world.accepted(twins.kind)
        if twins.dropped:
            await world.until_quiet()
        world.clock.move(seconds=twins.apart)
        if twins.dropped:
            world.queue.drop(json.dumps(fields_of(twins.kind)).encode())
        else:
            await world.accepted(twins.kind)
        await deliver_side_by_side(world, played)
        if twins.reported:
            await world.report("sent")
        await world.until_quiet()
        await world.report("delivered")
        assert len(await world.entries()) == 2
        await world.check_sent_once()

    asyncio.run(play())


async def deliver_side_by_side(world: World, played: Sequence[Move]) -> None:
    """Give each message on the queue to a worker of its own, and play."""
    scheduler = Scheduler(world)
    for message in list(world.queue.messages):
        world.queue.lease(message)
        scheduler.start(world.deliver(world.worker(scheduler.gate()), message))
    await scheduler.play(played)
