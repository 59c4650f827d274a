"""A batch becomes jobs, and stays one batch however often it is asked for."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import StorageUnavailableError
from shared.jobs.job import MAX_JOB_BYTES, Job, decode_queue_message
from tests.clock import NOON
from tests.deliver.asking import accept_batch, show_batch
from tests.deliver.seams import FailAt, Gate, HoldAt, KillAt, KilledError, Recorder, RepeatedError
from tests.deliver.world import TO, World, numbers

KEY = "a-key"


def batch(count: int, **more: object) -> dict[str, Any]:
    """A batch of so many recipients, each with a name."""
    named = [{"to": to, "name": f"N{n}"} for n, to in enumerate(numbers(count))]
    return {"body": "Hello {{name}}", "recipients": named, **more}


# Two jobs, since two channels never share one.
FIELDS = batch(3)
FIELDS["recipients"][0]["to"] = f"whatsapp:{numbers(1)[0]}"


def jobs(world: World) -> list[Job]:
    """Return the jobs on the queues, each once, in order."""
    found = {message.body: decode_queue_message(message.body) for message in world.queue.messages}
    assert all(isinstance(each, Job) for each in found.values())
    return sorted((j for j in found.values() if isinstance(j, Job)), key=lambda j: j.job[5:])


def check_sent_once(world: World, fields: dict[str, Any]) -> None:
    """Everybody has one message, with the own name in it."""
    sent = Counter((each.order.to, each.order.parameters["body"]) for each in world.twilio.books)
    wanted = ((each["to"], f"Hello {each['name']}") for each in fields["recipients"])
    assert sent == Counter(wanted)


async def test_a_batch_rides_in_jobs_of_a_hundred() -> None:
    """Recipients keep their order and values; the jobs are on the bulk queue, one row each."""
    world = World()
    reply = await accept_batch(world.worker(), batch(250, metadata={"a": "b"}))
    assert reply.status == 202
    found = jobs(world)
    assert [len(each.accepted.to) for each in found] == [100, 100, 50]
    assert [to for each in found for to in each.accepted.to] == numbers(250)
    assert {each.accepted.batch for each in found} == {reply.json["id"]}
    assert {message.queue for message in world.queue.messages} == {"outbound-bulk"}
    shards = {each.job[4] for each in found}
    assert len(shards) == 3
    await world.until_quiet()
    check_sent_once(world, batch(250))
    assert (await show_batch(world.worker(), reply.json["id"])).json["states"] == {
        "handed_over": 250
    }


async def test_each_channel_has_jobs_and_a_sender_of_its_own() -> None:
    """WhatsApp's recipients do not ride with the others: their sender is another."""
    world = World()
    mixed = [TO, f"whatsapp:{TO}", *numbers(1)]
    fields = {"body": "Hi", "recipients": [{"to": to} for to in mixed], "lane": "now"}
    await accept_batch(world.worker(), fields)
    assert {(each.accepted.sender, each.accepted.to) for each in jobs(world)} == {
        ("+15005550006", (TO, *numbers(1))),
        ("whatsapp:+15005550006", (f"whatsapp:{TO}",)),
    }
    assert {message.queue for message in world.queue.messages} == {"outbound"}
    assert all(each.accepted.values == () for each in jobs(world))


@pytest.mark.parametrize("length", [1, 300, 1500, 4000])
@pytest.mark.parametrize("letter", ["x", "é", "漢", "😀", '"', "\n"])
async def test_every_job_fits_on_the_queue(letter: str, length: int) -> None:
    """However long the values and whatever they are written in, the queue takes each job."""
    world = World()
    metadata = {f"{n}" + "😀" * 63: "😀" * 256 for n in range(10)}
    people = [{"to": to, "v": letter * length} for to in numbers(120)]
    fields = {"say": "{{v}}", "recipients": people, "metadata": metadata}
    reply = await accept_batch(world.worker(), fields)
    assert reply.status == 202
    found = jobs(world)
    assert [to for each in found for to in each.accepted.to] == numbers(120)
    sizes = [len(message.body) for message in world.queue.messages]
    assert max(sizes) <= MAX_JOB_BYTES
    # And no more jobs than that takes.
    assert length > 1 or len(sizes) == 2


async def steps_of_accepting() -> int:
    recorder = Recorder()
    await accept_batch(World().worker(recorder), FIELDS, KEY)
    return len(recorder.steps)


def gates(place: int) -> list[Gate]:
    """A fault at a step: a death, storage that fails, a step taken twice."""
    return [
        KillAt(place),
        FailAt(place),
        FailAt(place, times=3),
        FailAt(place, RepeatedError, at=("insert after", "put after")),
    ]


@pytest.mark.slow
async def test_storage_going_away_while_accepting_is_mended_by_asking_again() -> None:
    """Wherever it stops, repeating with the key completes it, and everybody gets one."""
    for place in range(await steps_of_accepting()):
        for number in range(len(gates(place))):
            world = World()
            worker = world.worker(gates(place)[number])
            first = None
            with suppress(KilledError):
                first = await accept_batch(worker, FIELDS, KEY)
            if number % 2:
                await world.until_quiet()  # some have it before the caller asks again
            again = await accept_batch(world.worker(), FIELDS, KEY)
            third = await accept_batch(world.worker(), FIELDS, KEY)
            assert again.status == 202
            assert again.body == third.body
            assert first is None or first.status == 503 or first.body == again.body
            await world.until_quiet()
            check_sent_once(world, FIELDS)
            shown = (await show_batch(world.worker(), again.json["id"])).json
            assert (shown["count"], shown["states"]) == (3, {"handed_over": 3})


async def test_the_caller_is_told_to_repeat_with_the_key() -> None:
    """A 503 says that the outcome is unknown, what to do, and when."""
    world = World()
    reply = await accept_batch(world.worker(FailAt(8, times=99)), FIELDS, KEY)
    assert reply.status == 503
    assert "same Idempotency-Key" in reply.json["detail"]
    assert reply.headers["Retry-After"]


async def test_one_batch_posted_twice_at_once_is_one() -> None:
    """At whichever step they meet, both get the same answer and everybody one message."""
    for place in range(await steps_of_accepting()):
        world = World()
        hold = HoldAt(place)
        first = asyncio.create_task(accept_batch(world.worker(hold), FIELDS, KEY))
        await hold.held.wait()
        second = await accept_batch(world.worker(), FIELDS, KEY)
        await world.until_quiet()
        hold.let_go.set()
        assert (await first).body == second.body
        await world.until_quiet()
        check_sent_once(world, FIELDS)


async def test_a_batch_that_is_kept_is_not_kept_again() -> None:
    """A repeat of a whole batch puts nothing on the queue."""
    world = World()
    first = await accept_batch(world.worker(), FIELDS, KEY)
    before = len(world.queue.messages)
    assert (await accept_batch(world.worker(), FIELDS, KEY)).body == first.body
    assert len(world.queue.messages) == before


async def test_without_a_key_a_batch_is_another_one_each_time() -> None:
    """Nothing but a key says that two batches are the same."""
    world = World()
    first = await accept_batch(world.worker(), FIELDS)
    assert (await accept_batch(world.worker(), FIELDS)).json["id"] != first.json["id"]


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "Bye {{name}}"},
        {"recipients": FIELDS["recipients"][:-1]},
        {"recipients": [*FIELDS["recipients"][1:], FIELDS["recipients"][0]]},
        {"recipients": [*FIELDS["recipients"], FIELDS["recipients"][0]]},
        {"recipients": [*FIELDS["recipients"], {"to": "x"}], "on_invalid": "skip"},
        {"receipts": False},
        {"lane": "now"},
        {"metadata": {"a": "b"}},
    ],
)
async def test_the_key_of_another_batch_is_refused(changes: dict[str, Any]) -> None:
    """Whatever would be sent, or answered, differently is another request."""
    world = World()
    await accept_batch(world.worker(), FIELDS, KEY)
    before = len(world.queue.messages)
    assert (await accept_batch(world.worker(), {**FIELDS, **changes}, KEY)).status == 422
    assert len(world.queue.messages) == before


async def test_the_same_meaning_in_other_words_is_the_same_batch() -> None:
    """Placeholders that are not used, the order of fields and the zone of a time do not count."""
    world = World()
    at = NOON + timedelta(days=1)
    first = await accept_batch(world.worker(), batch(3, send_at=at.isoformat()), KEY)
    fields = {
        "send_at": "2026-11-22T14:00:00+02:00",
        "on_invalid": "skip",
        "lane": "bulk",
        "kind": "message",
        "recipients": [{"age": 7, **each} for each in batch(3)["recipients"]],
        "body": "Hello {{name}}",
    }
    assert (await accept_batch(world.worker(), fields, KEY)).body == first.body


async def test_a_time_that_was_valid_at_first_is_valid_at_the_repeat() -> None:
    """A batch asked for again after its time has the same answer; a new one is refused."""
    world = World()
    fields = batch(3, send_at=(NOON + timedelta(hours=1)).isoformat())
    first = await accept_batch(world.worker(), fields, KEY)
    world.clock.move(hours=3)
    assert (await accept_batch(world.worker(), fields, KEY)).body == first.body
    late = await accept_batch(world.worker(), fields, "another")
    assert late.errors == [("$.send_at", "in_the_past")]
    assert (await accept_batch(world.worker(), fields)).status == 400


async def test_a_batch_waits_for_its_time() -> None:
    """With `send_at` months ahead nothing leaves before, and everybody gets one then."""
    world = World()
    at = NOON + timedelta(days=200)
    reply = await accept_batch(world.worker(), batch(3, send_at=at.isoformat()))
    assert (await show_batch(world.worker(), reply.json["id"])).json["states"] == {"scheduled": 3}
    await world.until_quiet()
    check_sent_once(world, batch(3))
    assert world.clock() >= at


@pytest.mark.slow
async def test_where_storage_is_away_not_every_job_is_tried() -> None:
    """The caller need not wait for hundreds of jobs to fail in turns; the repeat keeps them."""
    tried = []

    async def gate(step: str) -> None:
        if step == "queue.put before":
            tried.append(step)
            raise StorageUnavailableError("queue")

    world = World()
    assert (await accept_batch(world.worker(gate), batch(4000), KEY)).status == 503
    assert len(tried) == 8
    assert (await accept_batch(world.worker(), batch(4000), KEY)).status == 202
    assert [to for each in jobs(world) for to in each.accepted.to] == numbers(4000)
