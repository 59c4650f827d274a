"""What reaches us is passed on once: however often it comes, and whoever dies on the way."""

import asyncio
import json
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from shared.accept.accept import accept_request
from shared.app import App
from shared.errors import StorageUnavailableError
from shared.forms import Form
from shared.inbound import events
from shared.inbound.events import add_fields, publish, publish_abandoned, publish_event
from shared.ledger.ledger import Ledger
from shared.ledger.received import Note
from shared.phone_numbers import mask_number
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from shared.storage.table import just_after
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
    RepeatedError,
    TableSeam,
)
from tests.environment import DIGESTS, ENVIRONMENT
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
            opt_outs = Ledger(world.table, DIGESTS).opt_outs
            stopped = await opt_outs.has_stopped(PERSON, US, world.clock())
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
    """Whichever step fails, the caller is told, the timer makes up for it, and nothing is repeated.

    A note that could not be deleted after the put is deleted in a second try.
    """
    names = [name for name in await steps() if name.endswith("before")]
    for place, name in enumerate(names):
        world = World()
        is_made_up_for = name == "rows.delete before"
        with nullcontext() if is_made_up_for else pytest.raises(StorageUnavailableError):
            await publish_event(world.worker(FailAt(place, at=("before",))), STOP)
        await publish_event(world.worker(), STOP)
        await world.sweep_later()
        assert world.puts == 1, name


async def test_a_note_that_cannot_be_deleted_is_an_error() -> None:
    """After three tries the caller is told; the event may come again under its name."""
    world = World()
    place = [name for name in await steps() if name.endswith("before")].index("rows.delete before")
    with pytest.raises(StorageUnavailableError):
        await publish_event(world.worker(FailAt(place, times=3, at=("before",))), STOP)
    await world.sweep_later()
    assert world.puts == 2


async def test_a_stop_is_remembered_once() -> None:
    """A stop that is replayed after a start does not stop anybody again."""
    world = World()
    start = STOP._replace(event="opt_in", sid="SM3")
    for event in (STOP, start, STOP):
        world.clock.move(minutes=1)
        await publish_event(world.worker(), event)
    opt_outs = Ledger(world.table, DIGESTS).opt_outs
    assert not await opt_outs.has_stopped(PERSON, US, world.clock())
    assert not await opt_outs.has_stopped(PERSON, "MG1", world.clock())


@pytest.mark.parametrize("sender", [US, "MG1"])
async def test_a_stop_holds_for_number_and_service(sender: str) -> None:
    """Both the number that was texted and its Messaging Service are stopped."""
    world = World()
    await publish_event(world.worker(), STOP)
    assert await Ledger(world.table, DIGESTS).opt_outs.has_stopped(PERSON, sender, world.clock())


async def test_what_came_is_kept_under_the_persons_number() -> None:
    """The table keeps what came, for anyone who looks for the person, with no number in a key."""
    world = World()
    await publish_event(world.worker(), TEXT)
    partition = await world.table.next_partition("")
    assert partition is not None
    assert partition.startswith("~came-")
    by_time = await world.table.next_partition(just_after(partition))
    assert by_time == "~inbound"
    assert await world.table.next_partition(just_after(by_time)) is None
    assert PERSON[1:] not in str([row.key async for row in world.table.range(partition)])
    assert PERSON[1:] not in str([row async for row in world.table.range(by_time)])
    received = Ledger(world.table, DIGESTS).received
    assert [json.loads(text)["body"] async for text in received.of_person(PERSON)] == ["Hi"]
    assert [text async for text in received.of_person(US)] == []
    assert [json.loads(each.text)["body"] for each in (await received.newest(limit=5)).items] == [
        "Hi"
    ]
    assert await received.erase(PERSON) == 1
    assert "Hi" not in str([row async for row in world.table.range(partition)])
    assert (await received.newest(limit=5)).items == ()


async def test_what_came_is_forgotten_in_time() -> None:
    """Marks go with everything else of their time, and no sooner."""
    world = World()
    texts = [TEXT._replace(sid=f"SM{n}") for n in range(20)]
    for event in texts:
        await publish_event(world.worker(), event)
        world.clock.move(days=1)
    received = Ledger(world.table, DIGESTS).received
    await received.forget(world.clock() - timedelta(days=5, minutes=1))
    for event in texts:
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


async def test_who_it_came_from_is_logged_masked(
    app: InMemoryApp, caplog: pytest.LogCaptureFixture
) -> None:
    """A line of the log names the person well enough to be recognised, and no more."""
    caplog.set_level("INFO", "switchboard")
    await publish_event(app.services, TEXT)
    assert f'"from": "{json.dumps(mask_number(PERSON))[1:-1]}"' in caplog.text
    assert PERSON not in caplog.text


async def test_one_bad_note_blocks_no_other() -> None:
    """A note that cannot be published stays, is logged, and those behind it are published."""
    world = World()
    received = Ledger(world.table).received
    for name, text in (("0" * 64, "no JSON"), ("1" * 64, '{"event": "opt_out"}')):
        await received.open(Note(name, world.clock(), "t", text), "opt_out", PERSON)
    with pytest.raises(KilledError):
        await publish_event(world.worker(KillAt(2)), TEXT)
    await world.sweep_later()
    assert world.puts == 1
    assert [note.name async for note in received.left()] == ["0" * 64, "1" * 64]


@pytest.mark.parametrize("place", [1, 2, 3])
async def test_a_worker_that_is_late_leaves_the_put_to_the_timer(place: int) -> None:
    """Held for minutes on its way, a worker puts nothing that the timer may have put by then."""
    world, gate = World(), HoldAt(place)
    late = asyncio.create_task(publish_event(world.worker(gate), TEXT))
    await gate.held.wait()
    await world.sweep_later()
    gate.let_go.set()
    await late
    await world.sweep_later()
    assert world.puts == 1


async def test_a_slow_storage_repeats_nothing(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A caller is answered after five seconds, and what is under way is finished, not repeated."""
    recorder = Recorder()
    await publish_event(World().worker(recorder), TEXT)
    gate = HoldAt(recorder.steps.index("queue.put before"))
    services = App(ENVIRONMENT, now=app.clock)
    services.table, services.queues = TableSeam(app.table, gate), QueueSeam(app.queues, gate)
    monkeypatch.setattr(events, "_ON_THE_LINE_TIMEOUT_SECONDS", 0.01)
    with caplog.at_level("ERROR", "switchboard"):
        await publish(services, [TEXT._replace(event="call")])
    assert "inbound_not_kept" in caplog.text
    assert inbound(app) == []
    gate.let_go.set()
    while not inbound(app):  # noqa: ASYNC110 - the queue tells nobody when it changes
        await asyncio.sleep(0)
    app.clock.move(minutes=3)
    await publish_abandoned(app.services)
    assert len(inbound(app)) == 1


async def test_an_error_that_is_not_storages_is_not_hidden(app: InMemoryApp) -> None:
    """Only storage may fail while somebody is on the line; a bug is a bug."""
    services = App(ENVIRONMENT, now=app.clock)
    services.table, services.queues = TableSeam(app.table, FailAt(0, RepeatedError)), app.queues
    with pytest.raises(RepeatedError):
        await publish(services, [TEXT._replace(event="call")])


async def test_it_can_be_said_that_somebody_is_on_the_line(app: InMemoryApp) -> None:
    """A recording in a call of ours is one for which a person waits; its file is not."""
    await publish(away(app), [TEXT._replace(event="recording")], is_on_the_line=True)
    with pytest.raises(StorageUnavailableError):
        await publish(away(app), [TEXT._replace(event="call")], is_on_the_line=False)


@pytest.mark.parametrize("size", [30_000, 47_000, 60_000, 250_000])
async def test_every_event_fits_a_message(app: InMemoryApp, size: int) -> None:
    """However much comes, what is ours comes first, and the message fits the queue."""
    form = Form([(f"Field{n}", "x" * 100) for n in range(size // 100)] + [("Body", "y" * 5000)])
    event = TEXT._replace(details={"body": "y" * 5000, "media": []})
    await publish(app.services, [event], form=form)
    (told,) = inbound(app)
    (put,) = app.queues.puts
    assert len(put.message) <= 49_152
    assert (told["sid"], told["media"], told["field0"]) == ("SM1", [], "x" * 100)
    assert len(told["body"]) == (5000 if size == 30_000 else 1600)


async def test_what_is_too_long_is_left_out(app: InMemoryApp) -> None:
    """A list that would not fit by itself is left out, and what follows it is there."""
    event = TEXT._replace(details={"media": ["x" * 60_000], "body": "Hi"})
    await publish_event(app.services, event)
    (told,) = inbound(app)
    assert (told["body"], "media" in told) == ("Hi", False)


async def test_other_fields_of_twilios_are_added() -> None:
    """What an event has under a shorter name is not told twice, nor what names nothing."""
    form = Form([
        ("RecordingSid", "RE1"), ("RecordingDuration", "4"), ("RecordingStatus", "completed"),
        ("CallStatus", "completed"), ("CallerName", ""), ("From", "+1"), ("RecordingTrack", "both"),
        ("DialCallStatus", "busy"), ("MediaUrl0", "u"), ("Body", "no"), ("Event", "x"),
    ])  # fmt: skip
    event = InboundEvent("recording", "RE1", "", "", {"duration": 4, "status": "completed"})
    assert add_fields(event, form).details == {
        "duration": 4, "status": "completed", "recording_track": "both", "body": "no",
        "dial_call_status": "busy", "media_url0": "u",
    }  # fmt: skip
