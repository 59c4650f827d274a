"""What a queue message is taken for, and what becomes of it."""

import base64
import json

import pytest

from shared.jobs.fold import State
from tests.clock import NOON
from tests.deliver.asking import retry
from tests.deliver.queue_double import POISON
from tests.deliver.seams import FailAt
from tests.deliver.world import TO, World, fields_of

MESSAGE = json.dumps(fields_of("message")).encode()
CALL = json.dumps({"kind": "call", **fields_of("call")}).encode()


@pytest.mark.parametrize("body", [MESSAGE, CALL, base64.b64encode(MESSAGE)])
async def test_a_request_on_the_queue_is_sent_and_noted_as_accepted(body: bytes) -> None:
    """Plain or base64, message or call: one entry from the queue, one send."""
    world = World()
    world.queue.drop(body)
    await world.until_quiet()
    await world.check_sent_once()
    (entry,) = await world.entries()
    assert entry.accepted is not None
    assert (entry.accepted.source, entry.accepted.at) == ("queue", NOON)


async def test_a_redelivered_request_is_the_same_entry() -> None:
    """Without a key the queue message's own id is the key."""
    world = World()
    message = world.queue.drop(MESSAGE)
    for _ in range(3):
        world.queue.lease(message)
        await world.deliver(world.worker(), message)
    await world.check_sent_once()
    assert len(await world.entries()) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"\xff\xfe", "not_text"),
        (b"hello", "not_json"),
        (b"[1]", "not_object"),
        (b'{"v": 2, "job": "x"}', "version"),
        (b'{"v": 1, "job": 7}', "shape"),
        (b'{"kind": "fax", "to": "+14155552671", "body": "x"}', "kind"),
        (b'{"to": "+14155552671"}', "kind"),
        (MESSAGE[:-1] + b', "idempotency_key": 5}', "shape"),
        (b'{"kind": "message", "to": "nobody", "body": "x"}', "invalid_request"),
    ],
)
@pytest.mark.parametrize("queue", ["outbound", "outbound" + POISON])
async def test_what_cannot_be_read_is_parked_with_its_text(
    body: bytes, code: str, queue: str
) -> None:
    """It is shown by its reason and its raw text, and the queue goes on."""
    world = World()
    world.queue.drop(body, queue)
    world.queue.drop(MESSAGE)
    await world.until_quiet()
    assert world.twilio.recipients() == [TO]
    parked = [entry.parked for entry in await world.entries() if entry.parked]
    assert [each.code for each in parked] == [code]
    assert parked[0].raw == body.decode(errors="backslashreplace")


@pytest.mark.parametrize("change", [(b'"v":1', b'"v":2'), (b'"job"', b'"new":1,"job"')])
async def test_a_job_of_another_version_is_parked_in_its_own_entry(
    change: tuple[bytes, bytes],
) -> None:
    """The entry does not wait for ever: a retry sends it, once, and what was sent is left alone."""
    world = World()
    job_id = await world.accepted()
    (message,) = world.queue.messages
    world.queue.messages.clear()
    world.queue.drop(message.body.replace(*change))
    await world.until_quiet()
    entry = await world.entry(job_id)
    assert (entry.deliveries[0].state, len(await world.entries())) == ("parked", 1)
    assert (await retry(world.worker(), job_id)).status == 202
    await world.until_quiet()
    await world.check_sent_once()
    world.queue.drop(message.body.replace(*change))
    await world.until_quiet()
    assert (await world.entry(job_id)).deliveries[0].state == "handed_over"
    assert len(await world.entries()) == 2


async def test_one_key_for_two_different_requests() -> None:
    """The later one is parked, the first one is sent."""
    world = World()
    for text in (b"one", b"two"):
        world.queue.drop(b'{"to": "+14155552671", "idempotency_key": "k", "body": "' + text + b'"}')
        await world.until_quiet()
    assert [str(each.found.body) for each in world.twilio.books] == ["one"]
    codes = [entry.parked.code for entry in await world.entries() if entry.parked]
    assert codes == ["idempotency_mismatch"]


@pytest.mark.parametrize(
    ("script", "state"), [(["answered"], "handed_over"), (["too_many"], "parked")]
)
async def test_what_the_host_gives_up_is_parked_unless_it_is_over(
    script: list[str], state: State
) -> None:
    """The poison queue parks what is pending, and leaves alone what was sent."""
    world = World()
    world.twilio.script.extend(script)  # type: ignore[arg-type]  # ways, by their names
    job_id = await world.accepted()
    message = world.queue.take()
    assert message is not None
    await world.deliver(world.worker(), message)
    world.queue.messages.clear()
    world.queue.drop(message.body, "outbound" + POISON)
    await world.until_quiet()
    (delivery,) = (await world.entry(job_id)).deliveries
    assert delivery.state == state


async def test_a_request_keeps_its_id_through_an_outage() -> None:
    """A dropped request that meets an outage is not accepted again under another id."""
    world = World(["lost_answer"])
    world.queue.drop(MESSAGE)
    await world.until_quiet(FailAt(2, times=9, at=("insert before", "read before")))
    await world.check_sent_once()
    assert len(await world.entries()) == 1
