"""What a queue message is taken for, and what becomes of it."""

import base64
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.deliver import receive
from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.jobs.events import Accepted
from shared.jobs.fold import State
from shared.jobs.job import Job, PostponedRequest, decode_queue_message, encode_job, sign
from tests.clock import NOON
from tests.deliver.asking import retry
from tests.deliver.queue_double import LEASE, MAX_DELIVERIES, POISON, Message
from tests.deliver.seams import FailAt, KillAt, Recorder
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
    await world.until_quiet()
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
    message = await world.deliver_next()
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


NESTED = encode_job(PostponedRequest(v=1, queue_message="1", inserted_at=NOON, body="{}"))


async def steps_of_a_request() -> int:
    """How many steps a request takes in its first delivery."""
    recorder, world = Recorder(), World()
    await world.deliver(world.worker(recorder), leased(world, MESSAGE))
    return len(recorder.steps)


def leased(world: World, body: bytes, queue: str = "outbound") -> Message:
    """A message that a worker has just been given for the first time."""
    message = world.queue.drop(body, queue)
    world.queue.lease(message)
    return message


@pytest.mark.parametrize("deaths", [1, 2, MAX_DELIVERIES])
async def test_a_request_whose_workers_all_died_is_not_sent_by_its_poison_copy(deaths: int) -> None:
    """The copy has another id, so it is parked as text, and retrying it sends nothing again."""
    for place in range(await steps_of_a_request()):
        world = World()
        message = leased(world, MESSAGE)
        for _ in range(deaths):
            await world.deliver(world.worker(KillAt(place)), message)
            world.queue.lease(message)
        message.dequeue_count = MAX_DELIVERIES
        world.queue.lost = ["copy", "delete"]
        await world.until_quiet()
        for entry in await world.entries():
            await retry(world.worker(), entry.id)
        await world.until_quiet()
        assert len(world.twilio.books) <= 1, place
        assert await world.entries(), place


async def test_a_request_keeps_its_id_on_a_poison_queue_once_it_was_delivered_again() -> None:
    """From its second delivery on a request carries its id, so its poison copy can be retried."""
    world = World()
    message = leased(world, MESSAGE)
    world.queue.lease(message)
    await world.deliver(world.worker(), message)
    (postponed,) = world.queue.messages
    world.queue.messages.clear()
    for copy in range(3):
        world.queue.drop(postponed.body, "outbound" + POISON)
        await world.until_quiet()
        (entry,) = await world.entries()
        assert entry.deliveries[0].state == "parked", copy
    assert (await retry(world.worker(), entry.id)).status == 202
    await world.until_quiet()
    world.queue.drop(postponed.body, "outbound" + POISON)
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_request_is_not_claimed_in_its_first_delivery() -> None:
    """It becomes a job of its own on the queue, and Twilio is not asked yet."""
    world = World()
    await world.deliver(world.worker(), leased(world, MESSAGE))
    assert world.twilio.asked == 0
    (job,) = world.queue.messages
    assert json.loads(job.body)["accepted"]["source"] == "queue"


@pytest.mark.parametrize("key", [None, "k"])
async def test_a_new_default_sender_while_a_request_is_in_doubt_sends_nothing_again(
    key: str | None,
) -> None:
    """A request keeps the sender of its first delivery, whatever is deployed meanwhile."""
    world = World(["lost_answer"])
    fields = fields_of("message") | ({} if key is None else {"idempotency_key": key})
    message = leased(world, json.dumps(fields).encode())
    await world.deliver(world.worker(), message)
    job = world.queue.take()
    assert job is not None
    await world.deliver(world.worker(), job)
    world.deploy(TWILIO_FROM_NUMBER="+15005550010")
    world.queue.lease(message)
    await world.deliver(world.worker(), message)
    await world.until_quiet()
    await world.check_sent_once()
    assert len(world.twilio.books) == 1


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("what", ["rows", "queue"])
async def test_an_outage_does_not_make_a_send_at_too_late(what: str, key: str | None) -> None:
    """A time that could be kept when the request was put is kept, or sent as soon as it can be."""
    world = World()
    due = (NOON + timedelta(seconds=5)).isoformat()
    fields = fields_of("message", send_at=due) | ({"idempotency_key": key} if key else {})
    world.queue.drop(json.dumps(fields).encode())

    async def away(step: str) -> None:
        if step.startswith(what) and world.clock() < NOON + timedelta(seconds=300):
            raise StorageUnavailableError(what)

    await world.until_quiet(away)
    await world.check_sent_once()
    (entry,) = await world.entries()
    assert entry.accepted is not None
    assert entry.accepted.at == NOON


@pytest.mark.parametrize(
    "body", [b"hello", MESSAGE, b'{"to": "nobody", "body": "x"}', MESSAGE[:-1] + b', "x": 1}']
)
async def test_copies_on_a_poison_queue_are_parked_once(body: bytes) -> None:
    """However often one is delivered and however many there are, they make one entry."""
    world = World()
    for copy in range(3):
        message = leased(world, body, "outbound" + POISON)
        for _ in range(100 if copy == 0 else 3):
            await world.deliver(world.worker(), message)
        world.clock.move(seconds=20)
    (entry,) = await world.entries()
    assert entry.parked is not None
    assert entry.parked.raw == body.decode()


async def test_copies_of_a_job_on_a_poison_queue_leave_a_retry_alone() -> None:
    """What an operator retried after the first copy is sent, once."""
    world = World()
    job_id = await world.accepted()
    (job,) = world.queue.messages
    world.queue.messages.clear()
    world.queue.drop(job.body, "outbound" + POISON)
    await world.until_quiet()
    assert (await world.entry(job_id)).deliveries[0].state == "parked"
    assert (await retry(world.worker(), job_id)).status == 202
    for _ in range(3):
        await world.deliver(world.worker(), leased(world, job.body, "outbound" + POISON))
    assert (await world.entry(job_id)).deliveries[0].state == "accepted"
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_request_that_the_app_fails_on_is_parked_with_its_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error of our own parks the request from the poison queue, and is logged with its place."""

    def fail(*_: object) -> None:
        raise KeyError("ours")

    world = World()
    monkeypatch.setattr(receive, "validate_request", fail)
    world.queue.drop(MESSAGE)
    await world.until_quiet()
    (entry,) = await world.entries()
    assert entry.parked is not None
    assert entry.parked.code == "poison"
    assert "KeyError" in caplog.text


@pytest.mark.parametrize("inner", [b"[1]", b"hello", b'{"v": 2}', NESTED])
@pytest.mark.parametrize("queue", ["outbound", "outbound" + POISON])
async def test_only_a_request_can_be_postponed(inner: bytes, queue: str) -> None:
    """What somebody made up in that shape is parked with its text."""
    world = World()
    made_up: Any = PostponedRequest(v=1, queue_message="1", inserted_at=NOON, body=inner.decode())
    world.queue.drop(encode_job(made_up), queue)
    await world.until_quiet()
    (entry,) = await world.entries()
    assert entry.parked is not None
    assert entry.parked.raw == encode_job(made_up).decode()


@pytest.mark.parametrize("lost", [["copy"], ["delete"], ["copy", "delete"]])
async def test_a_move_to_a_poison_queue_whose_answers_are_lost(lost: list[Any]) -> None:
    """Several copies of a job with ids of their own make one parked entry, retried once."""
    world = World()
    job_id = await world.accepted()
    (message,) = world.queue.messages
    message.dequeue_count = MAX_DELIVERIES
    world.queue.lost = lost
    for _ in range(3):
        taken = world.queue.take()
        if taken is not None:
            await world.deliver(world.worker(), taken)
    assert [entry.id for entry in await world.entries()] == [job_id]
    assert (await world.entry(job_id)).deliveries[0].state == "parked"
    assert (await retry(world.worker(), job_id)).status == 202
    await world.until_quiet()
    await world.check_sent_once()


async def test_a_success_whose_receipt_was_stale_is_delivered_again_and_sent_once() -> None:
    """A lease that was renewed while the function ended leaves the message on the queue."""
    world = World()
    await world.accepted()
    message = world.queue.take()
    assert message is not None

    async def renew(step: str) -> None:
        if step == "carrier.create after":
            world.queue.renew(message)

    await world.deliver(world.worker(renew), message)
    assert world.queue.messages == [message]
    assert await world.until_quiet() == 1
    await world.check_sent_once()


async def test_a_receive_whose_answer_was_lost_hides_the_message_for_its_lease() -> None:
    """Nobody was given it, and it comes again after ten minutes as its second delivery."""
    world = World()
    await world.accepted()
    (message,) = world.queue.messages
    world.queue.lease(message)
    await world.until_quiet()
    assert (message.dequeue_count, world.clock()) == (2, NOON + LEASE)
    await world.check_sent_once()


def forged(job_id: str, to: str = "+14155550199") -> bytes:
    """A job that some program made up."""
    request = msgspec.Raw(b'{"to":"+14155550199","body":"Forged"}')
    made_up = Accepted(at=NOON, kind="message", to=(to,), request=request, sender="+15005550006")
    return encode_job(Job(v=1, job=job_id, accepted=made_up))


@pytest.mark.parametrize("queue", ["outbound", "outbound" + POISON])
async def test_a_job_that_the_app_did_not_write_is_parked_with_its_text(queue: str) -> None:
    """Nobody gets round the rules of accepting by writing a job, nor takes an id that way."""
    world = World()
    name = ids.new_id(NOON, 99)
    for body in (forged(name), encode_job(sign(job_in(forged(name)), "another token"))):
        world.queue.drop(body, queue)
    await world.until_quiet()
    assert world.twilio.asked == 0
    assert await world.ledger.find(name) is None
    parked = [entry.parked.code for entry in await world.entries() if entry.parked]
    assert parked == ["not_authentic", "not_authentic"]


async def test_a_job_signed_with_a_new_token_waits_for_a_worker_that_knows_it() -> None:
    """While tokens change, a worker of before parks nothing that one of after has accepted."""
    world, after = World(), World(TWILIO_AUTH_TOKEN="b" * 32)
    await after.accepted()
    [message] = after.queue.messages
    world.queue.drop(message.body, "outbound")
    await world.deliver_next()
    assert await world.entries() == []
    world.deploy(TWILIO_AUTH_TOKEN="b" * 32)
    await world.until_quiet()
    assert [entry.parked for entry in await world.entries()] == [None]
    await world.check_sent_once()


def job_in(body: bytes) -> Job:
    job = decode_queue_message(body)
    assert isinstance(job, Job)
    return job


@pytest.mark.parametrize("outage", [0, 30])
async def test_what_was_accepted_wins_over_a_made_up_job_of_its_id(outage: float) -> None:
    """The ledger's row is sent, once, whatever the message on the queue says."""
    world = World()
    job_id = await world.accepted()
    world.queue.messages.clear()
    world.queue.drop(forged(job_id))

    async def away(step: str) -> None:
        if step.startswith("rows") and world.clock() < NOON + timedelta(seconds=outage):
            raise StorageUnavailableError("rows")

    await world.until_quiet(away)
    assert world.twilio.recipients() == [TO]
    await world.check_sent_once()


async def test_jobs_on_the_queue_survive_a_new_token() -> None:
    """With the old token as the secondary one, and without it too, since they were accepted."""
    for secondary in ("local-token", ""):
        world = World()
        for _ in range(2):
            await world.accepted()
        world.deploy(TWILIO_AUTH_TOKEN="new-token", TWILIO_AUTH_TOKEN_SECONDARY=secondary)
        await world.until_quiet()
        await world.check_sent_once()


async def test_a_country_that_is_no_longer_allowed_stops_what_is_queued() -> None:
    """Settings of the moment of sending count, for messages, calls and WhatsApp."""
    world = World()
    for kind, to in (("message", TO), ("call", TO), ("message", f"whatsapp:{TO}")):
        await world.accepted(kind, to=to)  # type: ignore[arg-type]  # a kind
    world.deploy(ALLOWED_COUNTRIES="DE")
    await world.until_quiet()
    assert world.twilio.asked == 0
    errors = [(entry.deliveries[0].error or ("",))[0] for entry in await world.entries()]
    assert errors == ["country_not_allowed"] * 3
