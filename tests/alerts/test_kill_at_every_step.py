"""A worker dies at each of its steps; everybody is paged once for each level all the same.

The steps are those that a run without trouble takes, as in `tests.deliver`; some of them are tried.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from shared.triggers import alerts
from tests.alerts.alert_world import ANA, BO, AlertWorld, alert_of, level
from tests.deliver.seams import Gate, KillAt, KilledError, Recorder, open_gate, places
from tests.deliver.twilio_double import Way

pytestmark = pytest.mark.slow

ALERT = alert_of(
    level((ANA, "text")), level((ANA, "call"), (BO, "text")), then="repeat", most=2, key="disk"
)
ALL = {(1, 0): 1, (2, 0): 1, (2, 1): 1, (3, 0): 1, (4, 0): 1, (4, 1): 1}
SCRIPTS: list[tuple[Way, ...]] = [(), ("lost_answer", "late"), ("too_many", "unknown")]
# Of the steps of a run that differ, so many are tried, evenly spread.
MAX_PLACES = 30
# While a dead worker keeps a message that is in doubt, the alert is looked at every two seconds:
# every fourth place is tried with Azure's ten minutes, the others with one.
SHORT_LEASE = timedelta(minutes=1)
Story = Callable[[AlertWorld, Gate], Awaitable[str]]


async def raised(world: AlertWorld, gate: Gate) -> str:
    """Raise an alert; a caller who gets no answer repeats the request with the same key."""
    try:
        return await world.raise_alert(ALERT, key="once", worker=world.worker(gate))
    except KilledError:
        return await world.raise_alert(ALERT, key="once")


async def driven(world: AlertWorld, gate: Gate) -> str:
    alert_id = await raised(world, open_gate)
    await world.until_quiet(gate)
    return alert_id


async def raised_and_driven(world: AlertWorld, gate: Gate) -> str:
    alert_id = await raised(world, gate)
    await world.until_quiet()
    return alert_id


async def steps_of(script: tuple[Way, ...], story: Story) -> list[str]:
    recorder = Recorder()
    await story(AlertWorld(script), recorder)
    assert recorder.steps
    return recorder.steps


def worlds(steps: Sequence[str], script: tuple[Way, ...] = ()) -> Iterator[tuple[int, AlertWorld]]:
    """A new world for each place at which a worker is to die, with the place."""
    for n, place in enumerate(places(steps, MAX_PLACES)):
        world = AlertWorld(script)
        if n % 4:
            world.queue.lease_time = SHORT_LEASE
        yield place, world


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
@pytest.mark.parametrize("story", [driven, raised_and_driven])
async def test_everybody_is_paged_once_for_each_level(
    script: tuple[Way, ...], story: Story
) -> None:
    """Wherever a worker dies while it raises or drives, nobody is left out or paged twice."""
    for place, world in worlds(await steps_of(script, story), script):
        alert_id = await story(world, KillAt(place))
        assert await world.pages() == ALL, place
        assert (await world.story(alert_id))["state"] == "exhausted"
        assert (await world.alert(alert_id)).count == 1


async def test_that_nobody_answered_is_always_logged(caplog: pytest.LogCaptureFixture) -> None:
    """An alarm reads the line, so a worker that dies at the last steps does not take it along."""
    caplog.set_level("INFO", "switchboard")
    last = len(await steps_of((), driven))
    for place in range(last - 8, last + 1):
        caplog.clear()
        world = AlertWorld()
        await driven(world, KillAt(place))
        assert "alert_exhausted" in caplog.text, place


async def acknowledged(world: AlertWorld, gate: Gate) -> str:
    """Acknowledge in the second level; a caller who gets no answer asks again."""
    alert_id = await raised(world, open_gate)
    await world.run(seconds=70)
    try:
        await world.ask(alerts.acknowledge, id=alert_id, worker=world.worker(gate))
    except KilledError:
        await world.ask(alerts.acknowledge, id=alert_id)
    return alert_id


async def killed_while_acknowledging(world: AlertWorld, gate: Gate) -> str:
    alert_id = await acknowledged(world, gate)
    await world.until_quiet()
    return alert_id


async def killed_after_acknowledging(world: AlertWorld, gate: Gate) -> str:
    alert_id = await acknowledged(world, open_gate)
    await world.until_quiet(gate)
    return alert_id


async def killed_before_acknowledging(world: AlertWorld, gate: Gate) -> str:
    """The worker that drives the alert dies at some time; then somebody acknowledges it."""
    alert_id = await raised(world, open_gate)
    await world.run(gate, seconds=70)
    await world.ask(alerts.acknowledge, id=alert_id)
    await world.until_quiet()
    return alert_id


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: "+".join(script) or "answered")
@pytest.mark.parametrize(
    "story",
    [killed_while_acknowledging, killed_after_acknowledging, killed_before_acknowledging],
)
async def test_nobody_is_paged_after_the_answer(script: tuple[Way, ...], story: Story) -> None:
    """Wherever a worker dies, nothing is created at Twilio after the answer, and nothing rings."""
    for place, world in worlds(await steps_of(script, story), script):
        alert_id = await story(world, KillAt(place))
        alert = await world.alert(alert_id)
        assert alert.answer is not None
        assert max((await world.pages()).values(), default=1) == 1
        # What is unclear may be created late, by a request that was made before the answer.
        until = alert.answer.at + timedelta(seconds=12 if "late" in script else 0)
        assert all(each.found.created_at <= until for each in world.twilio.books), place
        ringing = {each.found.status for each in world.twilio.of_kind("call")}
        assert ringing <= {"canceled"}, place


async def test_an_open_alert_always_has_a_next_step() -> None:
    """Wherever a worker dies, a message that drives the alert waits as long as it is open."""
    for place, world in worlds(await steps_of((), driven)):
        alert_id = await raised(world, open_gate)
        gate = KillAt(place)
        worker = world.worker(gate)
        while (message := await world.take()) is not None:
            if not await world.deliver(worker, message):
                worker = world.worker()
            if (await world.alert(alert_id)).state == "open":
                assert alert_id in await waiting(world)


async def waiting(world: AlertWorld) -> str:
    """Everything that waits on the queue or in the schedule, as text."""
    partition, texts = await world.table.next_partition("~due"), list[str]()
    while partition is not None and partition.startswith("~due"):
        texts += [row.text async for row in world.table.range(partition)]
        partition = await world.table.next_partition(f"{partition}!")
    return " ".join(texts + [each.body.decode() for each in world.queue.messages])
