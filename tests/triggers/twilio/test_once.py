"""Sending once: what a client may repeat, and what a 5xx means."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import StorageUnavailableError
from shared.jobs.events import Accepted, AnyEvent, Claim
from shared.jobs.sids import parse_sid
from shared.ledger.ledger import Ledger
from shared.storage.memory_queues import MemoryQueues
from tests.in_memory_app import Configure, InMemoryApp
from tests.triggers.twilio.client import CALL, TEXT, TwilioClient

SHOP = {"SKshop": {"secret": "a1b2c3", "name": "shop"}}
WINDOW = {"SKshop": {"secret": "a1b2c3", "name": "shop", "repeat_window_seconds": 60}}


def shop(configure: Configure, keys: dict[str, Any] = SHOP) -> TwilioClient:
    """A client with a key of its own."""
    return TwilioClient(configure(CLIENT_KEYS=json.dumps(keys)), "SKshop", "a1b2c3")


@pytest.mark.parametrize("header", ["Idempotency_Key", "I_Twilio_Idempotency_Token"])
async def test_the_same_key_is_answered_the_same(
    client: TwilioClient, app: InMemoryApp, header: str
) -> None:
    """Under one key one text is sent, and the answer stays what it was."""
    first = await client.post("Messages", TEXT, **{header: "order-1"})
    app.clock.move(hours=3)
    job = json.loads(app.queues.puts[0].message)["job"]
    await app.services.ledger.record(job, Claim(at=app.clock(), n=1))
    again = await client.post("Messages", TEXT, **{header: "order-1"})
    assert (again.status, again.body) == (first.status, first.body)
    assert {json.loads(put.message)["job"] for put in app.queues.puts} == {job}


async def test_the_same_key_with_another_form_is_refused(client: TwilioClient) -> None:
    """As Twilio refuses: with its body."""
    await client.post("Messages", TEXT, Idempotency_Key="order-1")
    reply = await client.post("Messages", TEXT | {"Body": "Other"}, Idempotency_Key="order-1")
    assert (reply.status, reply.json["code"], reply.json["status"]) == (422, 20001, 422)
    assert (await client.post("Calls", CALL, Idempotency_Key="order-1")).status == 422


@pytest.mark.parametrize("key", ["", "  ", "x" * 256])
async def test_a_key_has_up_to_255_characters(client: TwilioClient, key: str) -> None:
    """A blank key, and one that is too long, are refused, except that none at all is no key."""
    reply = await client.post("Messages", TEXT, Idempotency_Key=key)
    assert (reply.status, reply.json.get("code")) == ((400, 20001) if key else (201, None))


async def test_keys_belong_to_clients(configure: Configure) -> None:
    """The account's keys are those of `/api/messages`; another client's key is another key."""
    other = shop(configure)
    account = TwilioClient(other.app)
    one = await account.post("Messages", TEXT, Idempotency_Key="order-1")
    two = await other.post("Messages", TEXT | {"Body": "Other"}, Idempotency_Key="order-1")
    assert (one.status, two.status) == (201, 201)
    assert one.json["sid"] != two.json["sid"]
    request = {"to": TEXT["To"], "from": TEXT["From"], "body": TEXT["Body"]}
    same = await other.app.post("/api/messages", request, Idempotency_Key="order-1")
    place = parse_sid("message", one.json["sid"])
    assert place is not None
    assert (same.status, same.json["id"]) == (202, place.text)


async def test_within_the_window_the_same_form_is_a_repeat(configure: Configure) -> None:
    """Also where the window begins between the two; another form, client or kind is no repeat."""
    client = shop(configure, WINDOW)
    clock = client.app.clock
    clock.move(seconds=59)
    first = await client.post("Messages", TEXT)
    for seconds in (2, 40, 17.9):
        clock.move(seconds=seconds)
        assert (await client.post("Messages", TEXT)).body == first.body
    assert (await client.post("Messages", TEXT | {"Body": "Other"})).json["sid"] != first.json[
        "sid"
    ]
    assert (await TwilioClient(client.app).post("Messages", TEXT)).json != first.json
    clock.move(seconds=0.2)
    later = await client.post("Messages", TEXT)
    assert later.json["sid"] != first.json["sid"]
    assert (await client.post("Messages", TEXT)).body == later.body


async def test_without_a_window_every_form_is_a_text_of_its_own(configure: Configure) -> None:
    """Nothing can tell a repeat from a second text, so none is taken for one."""
    client = shop(configure)
    sids = {(await client.post("Messages", TEXT)).json["sid"] for _ in range(2)}
    client.app.clock.move(seconds=1)
    sids.add((await client.post("Messages", TEXT)).json["sid"])
    assert len(sids) == 3


class AwayQueues(MemoryQueues):
    """Queues that do not answer, and may have taken the message all the same."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__()
        self._takes = takes

    async def put(self, queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
        if self._takes:
            await super().put(queue, message, delay)
        raise StorageUnavailableError("queue")


class AwayLedger(Ledger):
    """A ledger that does not take some events."""

    refused: tuple[type[AnyEvent], ...] = ()

    async def record(self, job_id: str, event: AnyEvent) -> bool:
        if isinstance(event, self.refused):
            raise StorageUnavailableError("table")
        return await super().record(job_id, event)


def away(app: InMemoryApp, *refused: type[AnyEvent], takes: bool | None = None) -> None:
    """Let storage fail from here on."""
    app.services.ledger = ledger = AwayLedger(app.table)
    ledger.refused = refused
    if takes is not None:
        app.services.queues = AwayQueues(takes=takes)


async def test_storage_away_is_503_with_twilios_body(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Nothing is kept, and the client is told when to come back."""
    away(app, Accepted, Claim, takes=False)
    reply = await client.post("Messages", TEXT)
    assert (reply.status, reply.json["code"], reply.json["status"]) == (503, 20503, 503)
    assert reply.headers["Retry-After"]
    assert await app.table.next_partition("") is None


async def test_what_may_be_on_the_queue_is_withdrawn_before_a_503(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """The queue took the message and its answer was lost: the 503 is true, it is not sent."""
    away(app, takes=True)
    assert (await client.post("Messages", TEXT)).status == 503
    [put] = app.services.queues.puts  # type: ignore[attr-defined] # those in memory
    job = json.loads(put.message)["job"]
    entry = await app.services.ledger.find(job)
    assert entry is not None
    assert entry.deliveries[0].state == "canceled"


@pytest.mark.parametrize("headers", [{}, {"Idempotency_Key": "a"}])
async def test_what_is_on_the_queue_is_a_201(
    client: TwilioClient, app: InMemoryApp, headers: dict[str, str]
) -> None:
    """Without a row it is sent all the same, so a client that repeated it would send it twice."""
    away(app, Accepted, Claim)
    assert (await client.post("Messages", TEXT, **headers)).status == 201
    assert len(app.queues.puts) == 1


async def test_what_is_being_sent_is_a_201(client: TwilioClient, app: InMemoryApp) -> None:
    """The queue's answer was lost, but a delivery has begun: it cannot be withdrawn any more."""
    ledger = app.services.ledger

    class Busy(MemoryQueues):
        async def put(self, queue: str, message: bytes, delay: timedelta = timedelta()) -> None:
            await super().put(queue, message, delay)
            await ledger.record(json.loads(message)["job"], Claim(at=app.clock(), n=1, token="x"))
            raise StorageUnavailableError("queue")

    app.services.queues = Busy()
    assert (await client.post("Messages", TEXT)).status == 201


async def test_a_claim_that_conflicts_with_itself_withdraws(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """The storage library repeats an insert whose answer was lost, and finds its own row."""

    class Repeating(Ledger):
        async def record(self, job_id: str, event: AnyEvent) -> bool:
            is_first = await super().record(job_id, event)
            return is_first and not isinstance(event, Claim)

    app.services.ledger = Repeating(app.table)
    app.services.queues = AwayQueues(takes=True)
    assert (await client.post("Messages", TEXT)).status == 503


async def test_with_a_key_a_503_leaves_everything_to_the_repeat(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """The repeat completes what was begun, under the same SID, and nothing is withdrawn."""
    app.services.queues = AwayQueues(takes=True)
    assert (await client.post("Messages", TEXT, Idempotency_Key="a")).status == 503
    first = app.services.queues.puts
    app.services.queues = app.queues
    reply = await client.post("Messages", TEXT, Idempotency_Key="a")
    assert reply.status == 201
    jobs = {json.loads(put.message)["job"] for put in [*first, *app.queues.puts]}
    assert len(jobs) == 1
    entry = await app.services.ledger.find(jobs.pop())
    assert entry is not None
    assert entry.claim is None
