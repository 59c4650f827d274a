"""What reaches us is passed on once: however often it comes, and whoever dies on the way."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.accept.accept import accept_request
from shared.app import App
from shared.errors import StorageUnavailableError
from shared.inbound.events import publish, publish_abandoned, publish_event
from shared.ledger.ledger import Ledger
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from shared.twiml.twimlets import InboundEvent, OutgoingText
from tests.clock import Clock
from tests.deliver.seams import (
    FailAt,
    Gate,
    HoldAt,
    KillAt,
    KilledError,
    QueueSeam,
    Recorder,
    TableSeam,
)
from tests.environment import ENVIRONMENT
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import inbound

if TYPE_CHECKING:
    from collections.abc import Callable


PERSON, US = "+14155552671", "+15005550006"
TEXT = InboundEvent("message", "SM1", PERSON, US, {"body": "Hi", "media": []})
STOP = InboundEvent("opt_out", "SM2", PERSON, US, {"body": "STOP", "messaging_service_sid": "MG1"})


class World:
    """One table and one queue, and as many workers as a test wants."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.table = MemoryTable()
        self.queues = MemoryQueues()

    def worker(self, gate: Gate | None = None) -> App:
        services = App(ENVIRONMENT, now=self.clock)
        services.table, services.queues = self.table, self.queues
        if gate is not None:
            services.table = TableSeam(self.table, gate)
            services.queues = QueueSeam(self.queues, gate)
        return services

    async def sweep_later(self) -> None:
        """Let the timer run once nobody can be at work any more."""
        self.clock.move(minutes=3)
        await publish_abandoned(self.worker())

    @property
    def puts(self) -> int:
        return len(self.queues.puts)


async def steps() -> list[str]:
    """The name of every step on a seam that one event takes."""
    recorder = Recorder()
    await publish_event(World().worker(recorder), STOP)
    return recorder.steps


def test_the_message_is_as_documented(app: InMemoryApp) -> None:
    """An event is a flat JSON object: what, which, from whom, to whom, when, and the rest."""

    async def once() -> None:
        await publish_event(app.services, TEXT)

    asyncio.run(once())
    assert inbound(app) == [{"event": "message", "sid": "SM1", "from": PERSON, "to": US,
                             "at": "2026-11-21T12:00:00Z", "body": "Hi", "media": []}]  # fmt: skip


async def test_a_repeat_is_no_second_event() -> None:
    """However often and however late Twilio repeats itself, there is one message."""
    world = World()
    for minutes in (0, 0, 1, 5, 60 * 24 * 30):
        world.clock.move(minutes=minutes)
        await publish_event(world.worker(), TEXT)
    await world.sweep_later()
    assert world.puts == 1


async def test_repeats_at_the_same_time_are_no_second_event() -> None:
    """Repeats that overtake the first one at any of its steps put nothing."""
    for place in range(len(await steps())):
        world, gate = World(), HoldAt(place)
        first = asyncio.create_task(publish_event(world.worker(gate), STOP))
        await gate.held.wait()
        await asyncio.gather(*(publish_event(world.worker(), STOP) for _ in range(5)))
        gate.let_go.set()
        await first
        await world.sweep_later()
        assert world.puts == 1, place


async def test_different_events_are_not_taken_for_one() -> None:
    """The SID and the kind of event name it; without a SID its words do."""
    world = World()
    changes: list[dict[str, Any]] = [{}, {"sid": "SM9"}, {"event": "call"}, {"sid": ""}]
    changes.append({"sid": "", "details": {"body": "Hello"}})
    for change in [*changes, *changes]:
        await publish_event(world.worker(), TEXT._replace(**change))
    assert world.puts == len(changes)


async def test_nothing_is_lost_when_a_worker_dies() -> None:
    """Killed at any step, the event is put in the end: once, but where the put was all it did.

    A repeat by Twilio in between changes nothing about that.
    """
    names = await steps()
    after_put = names.index("queue.put after")
    deleted = names.index("rows.delete after")
    for repeated in (False, True):
        for place in range(len(names)):
            world = World()
            with pytest.raises(KilledError):
                await publish_event(world.worker(KillAt(place)), STOP)
            if repeated or not place:
                # Before the first insert nothing is known: only a repeat can bring it back.
                await publish_event(world.worker(), STOP)
            await world.sweep_later()
            twice = after_put <= place < deleted
            assert world.puts == (2 if twice else 1), (repeated, names[place])
            stopped = await Ledger(world.table).opt_outs.has_stopped(PERSON, US, world.clock())
            assert stopped, names[place]
            await world.sweep_later()
            assert world.puts == (2 if twice else 1)


async def test_a_superfluous_note_of_a_dead_worker_puts_nothing() -> None:
    """A worker that dies over a repeat of what was passed on long ago leaves no second message."""
    for place in range(1, 8):
        world = World()
        await publish_event(world.worker(), STOP)
        world.clock.move(minutes=10)
        with pytest.raises(KilledError):
            await publish_event(world.worker(KillAt(place)), STOP)
        await world.sweep_later()
        assert world.puts == 1, place


async def test_the_timer_leaves_the_living_alone() -> None:
    """A note of this very moment belongs to a worker that is still at it."""
    world = World()
    with pytest.raises(KilledError):
        await publish_event(world.worker(KillAt(4)), TEXT)
    await publish_abandoned(world.worker())
    assert world.puts == 0
    world.clock.move(minutes=3)
    await publish_abandoned(world.worker())
    assert world.puts == 1


async def test_storage_that_fails_is_made_up_for() -> None:
    """Whichever step fails, the caller is told, and the timer makes up for it.

    Only where the note could not be deleted after the put is there a second message.
    """
    names = [name for name in await steps() if name.endswith("before")]
    for place, name in enumerate(names):
        world = World()
        with pytest.raises(StorageUnavailableError):
            await publish_event(world.worker(FailAt(place, at=("before",))), STOP)
        await publish_event(world.worker(), STOP)
        await world.sweep_later()
        assert world.puts == (2 if name == "rows.delete before" else 1), name


async def test_a_stop_is_remembered_once() -> None:
    """A stop that is replayed after a start does not stop anybody again."""
    world = World()
    start = STOP._replace(event="opt_in", sid="SM3")
    for event in (STOP, start, STOP):
        world.clock.move(minutes=1)
        await publish_event(world.worker(), event)
    opt_outs = Ledger(world.table).opt_outs
    assert not await opt_outs.has_stopped(PERSON, US, world.clock())
    assert not await opt_outs.has_stopped(PERSON, "MG1", world.clock())


@pytest.mark.parametrize("sender", [US, "MG1"])
async def test_a_stop_holds_for_number_and_service(sender: str) -> None:
    """Both the number that was texted and its Messaging Service are stopped."""
    world = World()
    await publish_event(world.worker(), STOP)
    assert await Ledger(world.table).opt_outs.has_stopped(PERSON, sender, world.clock())


async def test_no_text_is_kept_once_it_is_passed_on() -> None:
    """The table keeps that something came, and not what or from whom."""
    world = World()
    await publish_event(world.worker(), TEXT)
    partition = await world.table.next_partition("")
    assert partition is not None
    assert partition.startswith("~came-")
    assert await world.table.next_partition(f"{partition}~") is None
    assert "Hi" not in str([row async for row in world.table.read(partition)])


async def test_what_came_is_forgotten_in_time() -> None:
    """Marks go with everything else of their time, and no sooner."""
    world = World()
    events = [TEXT._replace(sid=f"SM{n}") for n in range(20)]
    for event in events:
        await publish_event(world.worker(), event)
        world.clock.move(days=1)
    received = Ledger(world.table).received
    await received.forget(world.clock() - timedelta(days=5, minutes=1))
    for event in events:
        await publish_event(world.worker(), event)
    assert world.puts == 20 + 15


def away(app: InMemoryApp, place: int = 0) -> App:
    """A gateway whose storage fails."""
    services = App(ENVIRONMENT, now=app.clock)
    gate = FailAt(place, times=1000)
    services.table, services.queues = TableSeam(app.table, gate), QueueSeam(app.queues, gate)
    return services


@pytest.mark.parametrize("event", ["call", "voicemail"])
async def test_who_is_on_the_line_does_not_hear_of_storage(app: InMemoryApp, event: str) -> None:
    """A failure to keep an event does not take the answer from somebody who waits for it."""
    await publish(away(app), [TEXT._replace(event=event)])
    assert inbound(app) == []


@pytest.mark.parametrize("event", ["message", "opt_out", "recording", "transcription"])
async def test_twilio_hears_of_storage_where_nobody_waits(app: InMemoryApp, event: str) -> None:
    """What is sent to us without anybody on the line fails aloud, so that Twilio can repeat it."""
    with pytest.raises(StorageUnavailableError):
        await publish(away(app), [TEXT._replace(event=event)])


@pytest.mark.parametrize(
    "text",
    [OutgoingText("+1900555", "x", "k1"), OutgoingText(PERSON, "", "k2"),
     OutgoingText(PERSON, "other", "used")],
)  # fmt: skip
async def test_a_text_that_cannot_be_sent_is_let_go(app: InMemoryApp, text: OutgoingText) -> None:
    """A bad number, nothing to say, or a key that means something else is logged and no more."""
    await accept_request(app.services, "message", {"to": PERSON, "body": "first"}, key="used")
    app.queues.take("outbound")
    await publish(app.services, [TEXT], [text])
    assert len(inbound(app)) == 1
    assert app.queues.take("outbound") == []


async def test_a_text_is_sent_once(app: InMemoryApp) -> None:
    """The same text under the same key goes through our own send path one time."""
    text = OutgoingText(PERSON, "You have a voicemail", "voicemail-RE1")
    for _ in range(3):
        await publish(app.services, [], [text])
    ids = {put.message.split(b'"accepted"')[0] for put in app.queues.take("outbound")}
    assert len(ids) == 1


async def test_the_timer_is_a_function_of_the_app(
    app: InMemoryApp, caplog: pytest.LogCaptureFixture
) -> None:
    """The function `watch` is what takes over from the dead."""
    worker = App(ENVIRONMENT, now=app.clock)
    worker.table, worker.queues = TableSeam(app.table, KillAt(2)), app.queues
    with pytest.raises(KilledError):
        await publish_event(worker, TEXT)
    app.clock.move(minutes=3)
    call: Callable[..., Any] = next(f.call for f in app.functions if f.name == "watch")
    await call(timer=None)
    assert len(inbound(app)) == 1
    assert PERSON not in caplog.text
