"""Accepting: on the queue and in the ledger, once for each key."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import StorageUnavailableError
from shared.jobs.job import Job, decode_queue_message
from shared.storage.table import Row
from tests.in_memory_app import InMemoryApp
from tests.ledger.histories import TO

MESSAGE: dict[str, Any] = {"to": TO[0], "body": "Hi"}
CALL: dict[str, Any] = {"to": TO[0], "say": "Hi"}


def jobs(app: InMemoryApp, queue: str = "outbound") -> list[Job]:
    found = [decode_queue_message(put.message) for put in app.queues.puts if put.queue == queue]
    assert all(isinstance(each, Job) for each in found)
    return [each for each in found if isinstance(each, Job)]


@pytest.mark.parametrize(("kind", "fields"), [("message", MESSAGE), ("call", CALL)])
async def test_an_accepted_request_is_answered_with_its_id(
    app: InMemoryApp, kind: str, fields: dict[str, Any]
) -> None:
    """202 carries id, kind, state, recipient, links and a Location, which shows the entry."""
    reply = await app.post(f"/api/{kind}s", fields)
    name = reply.json["id"]
    assert reply.status == 202
    assert reply.json | {"segments": None} == {
        "segments": None,
        "id": name,
        "kind": kind,
        "state": "accepted",
        "to": TO[0],
        "links": {"self": f"/api/{kind}s/{name}"},
    }
    assert reply.headers["Location"] == f"/api/{kind}s/{name}"
    assert (await app.get(reply.headers["Location"])).json["id"] == name


async def test_what_is_accepted_is_on_the_queue_and_in_the_ledger(app: InMemoryApp) -> None:
    """The job on the queue and the first row of the ledger say the same, under the same id."""
    name = (await app.post("/api/messages", MESSAGE)).json["id"]
    [job] = jobs(app)
    entry = await app.services.ledger.find(name)
    assert job.job == name
    assert entry is not None
    assert entry.accepted == job.accepted
    assert job.accepted.source == "http"
    assert job.accepted.sender == "+15005550006"
    assert not job.again
    assert [put.delay for put in app.queues.puts] == [timedelta()]


async def test_a_list_is_one_job_of_deliveries(app: InMemoryApp) -> None:
    """A list of recipients is one job, answered with an id for each; a list of one is a list."""
    reply = (await app.post("/api/messages", MESSAGE | {"to": list(TO)})).json
    assert (set(reply), reply["count"]) == ({"id", "count", "deliveries", "links"}, 3)
    assert [each["to"] for each in reply["deliveries"]] == list(TO)
    assert [each["id"] for each in reply["deliveries"]] == [f"{reply['id']}-{n}" for n in range(3)]
    assert len(jobs(app)) == 1
    reply = (await app.post("/api/messages", MESSAGE | {"to": [TO[0]]})).json
    assert (reply["count"], reply["deliveries"][0]["id"]) == (1, reply["id"])


async def test_a_lane_is_a_queue(app: InMemoryApp) -> None:
    """Bulk goes to its own queue."""
    await app.post("/api/messages", MESSAGE | {"lane": "bulk"})
    assert len(jobs(app, "outbound-bulk")) == 1
    assert jobs(app) == []


async def test_send_at_waits_on_the_schedule(app: InMemoryApp) -> None:
    """A message for later is on no queue until then; for a moment ago it is for now."""
    reply = await app.post("/api/messages", MESSAGE | {"send_at": "2026-11-21T15:00:00+02:00"})
    assert reply.json["state"] == "scheduled"
    assert (await app.get(reply.headers["Location"])).json["state"] == "scheduled"
    reply = await app.post("/api/messages", MESSAGE | {"send_at": "2026-11-21T11:59:30Z"})
    assert reply.json["state"] == "accepted"
    assert (await app.get(reply.headers["Location"])).json["state"] == "accepted"
    assert [put.delay for put in app.queues.puts] == [timedelta()]
    app.clock.move(hours=1)
    assert await app.services.ledger.schedule.release(app.queues, app.clock) == 1
    assert len(jobs(app)) == 2


@pytest.mark.parametrize("moment", ["2026-11-21T11:59:00Z", "2027-11-22T12:00:00Z"])
async def test_send_at_has_two_ends(app: InMemoryApp, moment: str) -> None:
    """A minute ago and a year ahead are both still taken."""
    assert (await app.post("/api/messages", MESSAGE | {"send_at": moment})).status == 202


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("messages", {"to": "whatsapp:+14155552671", "body": "Hi"}),
        ("messages", {"to": TO[0], "media_url": "https://example.com/a.png"}),
        ("messages", {"to": TO[0], "media_url": ["https://example.com/a.png"] * 10}),
        ("messages", {"to": TO[0], "media_url": "https://switchboard.example/a.png"}),
        ("messages", {"to": TO[0], "content_sid": "HX" + "0" * 32,
                      "content_variables": {"1": "x"}}),
        ("messages", {"to": TO[0], "body": "x" * 1600, "from": "ACME"}),
        ("messages", {"to": TO[0], "body": "Hi", "from": "12345"}),
        ("messages", {"to": TO[0], "body": "Hi", "from": "rcs:brand_agent"}),
        ("messages", {"to": TO[0], "body": "Hi", "shorten_urls": True,
                      "messaging_service_sid": "MG" + "0" * 32, "smart_encoded": False,
                      "validity_period": 36_000, "metadata": {"a b": ""}}),
        ("messages", {"to": TO[0], "body": "Hi", "status_callback": "https://example.com/x"}),
        ("calls", {"to": "client:alice", "say": "Hi", "from": "client:bob"}),
        ("calls", {"to": "sip:alice@example.com", "twiml": "<Response/>"}),
        ("calls", {"to": TO[0], "url": "https://example.com/a.xml", "machine_detection": "Enable",
                   "async_amd": True, "record": True, "timeout": 600, "time_limit": 1,
                   "send_digits": "1ww2#*"}),
        ("calls", {"to": TO[0], "steps": [{"say": "Hi"}, {"hangup": {}}]}),
        ("calls", {"to": TO[0], "steps": [{"dial": [{"number": TO[1]}, {"client": "bob"},
                                                    {"sip": "sip:a@example.com"}]}]}),
        ("calls", {"to": TO[0], "steps": [{"dial": [{"sim": "DE" + "0" * 32}]}]}),
        ("calls", {"to": TO[0], "twiml": "<Response><Dial>415-555-2671</Dial></Response>"}),
        ("calls", {"to": TO[0], "twiml": "<Response><Dial>sip:a@example.com</Dial></Response>"}),
        ("calls", {"to": TO[0], "url": "https://switchboard.example/api/twiml/menu?Message=Hi",
                   "method": "GET", "fallback_url": "https://example.com/b.xml"}),
        ("calls", {"to": TO[0], "application_sid": "AP" + "0" * 32}),
        ("calls", {"to": "client:alice?name=a%20b", "say": "Hi"}),
        ("messages", {"to": "rcs:+14155552671", "body": "Hi"}),
        ("messages", {"to": ["rcs:+14155552671", TO[1]], "body": "Hi", "from": "rcs:brand"}),
        ("messages", {"to": "whatsapp:+5215512345678", "body": "Hi"}),
        ("messages", {"to": "whatsapp:+554188887777", "body": "Hi"}),
        ("messages", {"to": "whatsapp:+22507123456", "body": "Hi",
                      "from": "whatsapp:+5215512345678"}),
        ("messages", {"to": "whatsapp:+14155552671", "body": "Hi",
                      "messaging_service_sid": "MG" + "0" * 32}),
        ("messages", {"to": TO[0], "body": "Hi", "send_at": "2026-11-21T13:00:00-05:00",
                      "schedule_type": "fixed"}),
        ("messages", {"to": "+447700900123", "body": "Hi"}),
        ("calls", {"to": TO[0], "say": "Grüße \N{WAVING HAND SIGN}", "voice": "Polly.Vicki",
                   "language": "de-DE", "from": TO[1]}),
    ],
)  # fmt: skip
async def test_everything_documented_is_taken(
    app: InMemoryApp, path: str, fields: dict[str, Any]
) -> None:
    """Every field of the contract is accepted."""
    reply = await app.post(f"/api/{path}", fields)
    assert reply.status == 202, reply.body
    # What is to be sent later is on the queue when its time comes.
    app.clock.move(days=1)
    await app.services.ledger.schedule.release(app.queues, app.clock)
    assert len(jobs(app)) == 1


async def test_a_whatsapp_message_comes_from_whatsapp(app: InMemoryApp) -> None:
    """The default number sends in the recipient's channel."""
    reply = await app.post("/api/messages", {"to": "whatsapp:+14155552671", "body": "Hi"})
    entry = (await app.get(reply.headers["Location"])).json
    assert (entry["to"], entry["from"]) == ("whatsapp:+14155552671", "whatsapp:+15005550006")


async def test_each_of_a_mixed_list_is_sent_to_in_its_own_channel(app: InMemoryApp) -> None:
    """A list may hold numbers and WhatsApp users; the default number sends to each as they are."""
    mixed = [TO[0], f"whatsapp:{TO[0]}"]
    reply = await app.post("/api/messages", {"to": mixed, "body": "Hi"})
    shown = (await app.get(reply.headers["Location"])).json["deliveries"]
    assert [each["from"] for each in shown] == ["+15005550006", "whatsapp:+15005550006"]


async def test_a_key_gives_the_same_answer_and_one_message(app: InMemoryApp) -> None:
    """Repeating a request with its key, later and written differently, changes nothing."""
    at = MESSAGE | {"send_at": "2026-11-21T13:00:00Z"}
    first = await app.post("/api/messages", at, Idempotency_Key="k")
    app.clock.move(hours=5)
    again = await app.post("/api/messages", at, idempotency_key="k")
    elsewhere = {"body": "Hi", "lane": "now", "send_at": "2026-11-21T14:00:00+01:00", "to": TO[0]}
    reworded = await app.post("/api/messages", elsewhere, Idempotency_Key="k")
    assert (again.status, again.body) == (reworded.status, reworded.body) == (202, first.body)
    assert len({job.job for job in jobs(app)}) == 1
    assert len((await app.get("/api/messages")).json["items"]) == 1


@pytest.mark.parametrize("order", [(TO[0], [TO[0]]), ([TO[0]], TO[0])])
async def test_a_list_of_one_and_its_one_are_answered_as_the_first(
    app: InMemoryApp, order: tuple[object, object]
) -> None:
    """One recipient and a list of it mean the same, so the second gets the first one's answer."""
    first, again = [
        await app.post("/api/messages", MESSAGE | {"to": to}, Idempotency_Key="k") for to in order
    ]
    assert (again.status, again.headers, again.body) == (202, first.headers, first.body)
    assert ("count" in first.json) == isinstance(order[0], list)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_a_key_for_the_end_of_time_is_422(app: InMemoryApp, moment: str) -> None:
    """A moment that has no UTC is another request like any other."""
    await app.post("/api/messages", MESSAGE, Idempotency_Key="k")
    reply = await app.post("/api/messages", MESSAGE | {"send_at": moment}, Idempotency_Key="k")
    assert reply.status == 422


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("messages", MESSAGE | {"body": "Ho"}),
        ("calls", CALL),
        ("messages", MESSAGE | {"to": TO[1]}),
    ],
)
async def test_a_key_for_something_else_is_422(
    app: InMemoryApp, path: str, fields: dict[str, Any]
) -> None:
    """A key that stands for another request, of whatever kind, is refused and sends nothing."""
    await app.post("/api/messages", MESSAGE, Idempotency_Key="k")
    reply = await app.post(f"/api/{path}", fields, Idempotency_Key="k")
    assert reply.status == 422
    assert len(jobs(app)) == 1


async def test_two_at_once_with_one_key_are_one(app: InMemoryApp) -> None:
    """Two requests with one key at the same moment get the same id."""
    both = await asyncio.gather(
        *(app.post("/api/messages", MESSAGE, Idempotency_Key="k") for _ in range(2))
    )
    assert both[0].body == both[1].body


async def test_without_a_key_every_request_is_its_own(app: InMemoryApp) -> None:
    """The same request twice without a key is two messages."""
    ids = {(await app.post("/api/messages", MESSAGE)).json["id"] for _ in range(2)}
    assert len(ids) == len(jobs(app)) == 2


async def test_a_503_is_completed_by_repeating_it(app: InMemoryApp) -> None:
    """After the table failed with the message on the queue, the key brings the same id."""
    insert = app.table.insert

    async def fails_for_events(row: Row) -> bool:
        if row.key.endswith(".accepted"):
            raise StorageUnavailableError("table: ServiceRequestError")
        return await insert(row)

    app.table.insert = fails_for_events  # type: ignore[method-assign] # a table that fails once
    assert (await app.post("/api/messages", MESSAGE, Idempotency_Key="k")).status == 503
    app.table.insert = insert  # type: ignore[method-assign] # it is back
    reply = await app.post("/api/messages", MESSAGE, Idempotency_Key="k")
    assert reply.status == 202
    assert {job.job for job in jobs(app)} == {reply.json["id"]}


async def test_a_row_is_never_success_without_the_queue(app: InMemoryApp) -> None:
    """Where the queue fails, the answer is 503 though the ledger has the row."""

    async def fails(*_: object) -> None:
        raise StorageUnavailableError("queue: TimeoutError")

    app.queues.put = fails  # type: ignore[method-assign, assignment] # a queue that is away
    reply = await app.post("/api/messages", MESSAGE)
    assert reply.status == 503
    assert reply.json["title"] == "Storage did not answer"
