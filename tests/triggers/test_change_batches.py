"""Cancel and retry of whole batches."""

import asyncio
from typing import Any

import pytest

from shared.deliver.cancel import cancel_unknown
from tests.deliver.asking import (
    accept_batch,
    cancel,
    cancel_batch,
    retry,
    retry_batch,
    show_batch,
)
from tests.deliver.seams import FailAt, HoldAt, Recorder
from tests.deliver.world import World, numbers


async def batch(world: World, count: int = 3, **more: Any) -> str:  # noqa: ANN401 - a batch's own fields
    """A batch in two jobs, one of WhatsApp's and one of the others."""
    first, *others = numbers(count)
    to = [f"whatsapp:{first}", *others]
    fields = {"body": "Hi", "recipients": [{"to": each} for each in to], **more}
    reply = await accept_batch(world.worker(), fields)
    assert reply.status == 202, reply.body
    return str(reply.json["id"])


async def test_a_batch_is_canceled() -> None:
    """200 shows everybody canceled, a second time as well."""
    world = World()
    name = await batch(world)
    reply = await cancel_batch(world.worker(), name)
    assert (reply.status, reply.json["states"]) == (200, {"canceled": 3})
    assert reply.json == (await show_batch(world.worker(), name)).json
    assert (await cancel_batch(world.worker(), name)).body == reply.body
    assert (await retry_batch(world.worker(), name)).status == 409
    await world.until_quiet()
    assert world.twilio.asked == 0


async def test_what_has_left_is_not_called_back() -> None:
    """Only what has not left is canceled: Twilio is not asked to stop the rest."""
    world = World()
    name = await batch(world)
    await world.deliver_next()
    sent = len(world.twilio.books)
    reply = await cancel_batch(world.worker(), name)
    assert reply.json["states"] == {"handed_over": sent, "canceled": 3 - sent}
    await world.until_quiet()
    assert {written.found.status for written in world.twilio.books} == {"queued"}
    assert len(world.twilio.books) == sent
    assert (await cancel_batch(world.worker(), name)).status == 200


async def test_a_batch_that_has_left_is_not_canceled() -> None:
    """409 where nothing of it can be stopped any more."""
    world = World()
    name = await batch(world)
    await world.until_quiet()
    sent = len(world.twilio.books)
    assert (await cancel_batch(world.worker(), name)).status == 409
    assert [written.found.status for written in world.twilio.books] == ["queued"] * sent


async def test_a_batch_that_waits_for_its_time_is_canceled() -> None:
    """Nothing leaves when the time comes."""
    world = World()
    name = await batch(world, send_at="2027-05-01T12:00:00Z")
    assert (await cancel_batch(world.worker(), name)).json["states"] == {"canceled": 3}
    await world.until_quiet()
    assert world.twilio.asked == 0


@pytest.mark.slow
async def test_a_cancel_and_the_sends_race_and_each_recipient_is_one_or_the_other() -> None:
    """Wherever the cancel stands still, nobody is both canceled and sent to."""
    for place in range(40):
        world = World()
        name = await batch(world)
        hold = HoldAt(place)
        slow = asyncio.create_task(cancel_batch(world.worker(hold), name))
        held = asyncio.create_task(hold.held.wait())
        await asyncio.wait([slow, held], return_when=asyncio.FIRST_COMPLETED)
        await world.deliver_next()
        hold.let_go.set()
        held.cancel()
        await slow
        await world.until_quiet()
        states = (await show_batch(world.worker(), name)).json["states"]
        assert sum(states.values()) == 3
        assert states.get("handed_over", 0) == len(world.twilio.books)


async def test_what_failed_of_a_batch_is_sent_again() -> None:
    """202 shows them accepted again; the others are left alone; then there is nothing to retry."""
    world = World(["refused", "answered", "refused"])
    name = await batch(world)
    await world.until_quiet()
    shown = (await show_batch(world.worker(), name)).json
    assert shown["states"] == {"refused": 2, "handed_over": 1}
    assert [each["error"]["code"] for each in shown["failures"]] == ["21211", "21211"]
    reply = await retry_batch(world.worker(), name)
    assert (reply.status, reply.json["states"]) == (202, {"accepted": 2, "handed_over": 1})
    await world.until_quiet()
    await world.check_sent_once()
    assert world.twilio.asked == 5
    assert (await retry_batch(world.worker(), name)).status == 409


async def test_one_of_a_batch_is_canceled_and_retried_like_any_other() -> None:
    """The ids of its recipients are ids of messages."""
    world = World(["refused"])
    name = await batch(world)
    await world.deliver_next()
    (failure,) = (await show_batch(world.worker(), name)).json["failures"]
    assert (await retry(world.worker(), failure["id"])).status == 202
    assert (await cancel(world.worker(), failure["id"])).json["state"] == "canceled"
    await world.until_quiet()
    assert len(world.twilio.books) == 2


@pytest.mark.slow
async def test_two_retries_of_a_batch_at_once_are_one() -> None:
    """Each that failed is sent once more, at whichever step the two meet."""
    for place in range(24):
        world = World(["refused"] * 3)
        name = await batch(world)
        await world.until_quiet()
        hold = HoldAt(place)
        slow = asyncio.create_task(retry_batch(world.worker(hold), name))
        held = asyncio.create_task(hold.held.wait())
        await asyncio.wait([slow, held], return_when=asyncio.FIRST_COMPLETED)
        again = await retry_batch(world.worker(), name)
        hold.let_go.set()
        held.cancel()
        assert 202 in {(await slow).status, again.status}
        await world.until_quiet()
        await world.check_sent_once()
        assert world.twilio.asked == 6


@pytest.mark.slow
@pytest.mark.parametrize("place", range(8))
async def test_a_batch_that_was_kept_in_part_is_canceled_whole(place: int) -> None:
    """After a 503 a cancel stops every job, those too that a repeat with the key keeps later."""
    world = World()
    fields = {"body": "Hi", "recipients": [{"to": each} for each in numbers(250)]}
    gate = FailAt(place, at=("before",), times=99)
    first = await accept_batch(world.worker(gate), fields, "key")
    assert first.status == 503
    batches = await world.ledger.batches.newest(1)
    for batch in batches:
        reply = await cancel_batch(world.worker(), batch.id)
        assert (reply.status, reply.json["states"]) == (200, {"canceled": 250})
    again = await accept_batch(world.worker(), fields, "key")
    assert again.status == 202
    await world.until_quiet()
    assert len(world.twilio.books) == (0 if batches else 250)
    states = (await show_batch(world.worker(), again.json["id"])).json["states"]
    assert states == ({"canceled": 250} if batches else {"handed_over": 250})


async def test_a_batch_is_canceled_while_it_is_being_accepted() -> None:
    """A DELETE in the middle of the POST stops what the POST keeps after it as well."""
    fields = {"body": "Hi", "recipients": [{"to": each} for each in numbers(250)]}
    recorder = Recorder()
    await accept_batch(World().worker(recorder), fields)
    begun = recorder.steps.index("queue.put before")
    for place in range(begun, len(recorder.steps)):
        world = World()
        hold = HoldAt(place)
        post = asyncio.create_task(accept_batch(world.worker(hold), fields))
        await hold.held.wait()
        (batch,) = await world.ledger.batches.newest(1)
        assert (await cancel_batch(world.worker(), batch.id)).status == 200
        hold.let_go.set()
        assert (await post).status == 202
        await world.until_quiet()
        assert world.twilio.books == []


async def test_a_job_that_a_worker_takes_first_is_left_to_it() -> None:
    """Where a claim was made before the cancel's own, that job has left."""
    world = World()
    name = await batch(world)
    (job, other) = [entry.id for entry in await world.ledger.batches.entries(name)]
    assert await cancel_unknown(world.worker(), job)
    assert await cancel_unknown(world.worker(), job)
    await world.until_quiet()
    assert not await cancel_unknown(world.worker(), other)
    assert len({written.order.to for written in world.twilio.books}) in {1, 2}
