"""Creating messages and calls: what Twilio answers, and what is then sent."""

import inspect
import json
import logging
import re
from typing import Any

import pytest
from twilio.base.version import Version
from twilio.rest.api.v2010.account.call import CallInstance, CallList
from twilio.rest.api.v2010.account.message import MessageInstance, MessageList

from shared.deliver.send_request import build_send_request
from shared.jobs.job import Job, decode_queue_message
from shared.kinds import Kind
from shared.ledger.opt_outs import OptOut
from shared.triggers.twilio.form import names_of
from tests.environment import ACCOUNT_SID, PUBLIC_BASE_URL
from tests.in_memory_app import Configure, InMemoryApp
from tests.triggers.twilio.client import BASE, CALL, TEXT, TwilioClient

LIVE = {"TWILIO_API_BASE_URL": "https://api.twilio.com"}


def queued(app: InMemoryApp) -> list[Job]:
    """The jobs on the queue."""
    jobs = [decode_queue_message(put.message) for put in app.queues.puts]
    assert all(isinstance(job, Job) for job in jobs)
    return [job for job in jobs if isinstance(job, Job)]


def sent(app: InMemoryApp) -> dict[str, Any]:
    """What Twilio is asked for, of the one job on the queue."""
    [job] = queued(app)
    request = build_send_request(job.job, job.accepted, 0, PUBLIC_BASE_URL)
    return {"to": request.to, "sender": request.sender, **request.parameters}


class Payload(dict[str, Any]):
    """A payload that notes which of its fields were looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - dict's own
        self.names.add(key)
        return default


def fields_of(instance: type) -> set[str]:
    """The fields that the library reads of a resource."""
    payload = Payload()
    instance(Version.__new__(Version), payload, account_sid=ACCOUNT_SID, sid="x")
    return payload.names


async def test_a_text_is_answered_as_twilio_does(client: TwilioClient, app: InMemoryApp) -> None:
    """The answer has every field of Twilio's resource, and a SID that is known from the start."""
    reply = await client.post("Messages", TEXT)
    assert reply.status == 201
    [job] = queued(app)
    sid = reply.json["sid"]
    assert re.fullmatch("SM5b[0-9a-f]{30}", sid)
    at = "Sat, 21 Nov 2026 12:00:00 +0000"
    assert reply.json == {
        "sid": sid,
        "account_sid": ACCOUNT_SID,
        "messaging_service_sid": None,
        "from": "+15005550006",
        "to": "+14155552671",
        "body": "Hi",
        "status": "queued",
        "num_segments": "1",
        "num_media": "0",
        "error_code": None,
        "error_message": None,
        "date_created": at,
        "date_updated": at,
        "date_sent": None,
        "uri": f"{BASE}/Messages/{sid}.json",
        "subresource_uris": {"media": f"{BASE}/Messages/{sid}/Media.json"},
        "direction": "outbound-api",
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
    }
    assert reply.json.keys() == fields_of(MessageInstance)
    assert (job.accepted.to, job.accepted.client) == (("+14155552671",), ACCOUNT_SID)


async def test_a_call_is_answered_as_twilio_does(client: TwilioClient, app: InMemoryApp) -> None:
    """The same for a call, whose numbers are shown in the national notation too."""
    reply = await client.post("Calls", CALL)
    assert reply.status == 201
    assert reply.json.keys() >= fields_of(CallInstance)
    assert re.fullmatch("CA5b[0-9a-f]{30}", reply.json["sid"])
    assert reply.json["status"] == "queued"
    assert reply.json["to_formatted"] == "(415) 555-2671"
    assert (reply.json["start_time"], reply.json["end_time"], reply.json["duration"]) == (
        None, None, None)  # fmt: skip
    assert sent(app)["twiml"] == CALL["Twiml"]


@pytest.mark.parametrize(("kind", "owner"), [("message", MessageList), ("call", CallList)])
def test_every_parameter_of_the_library_is_known(kind: Kind, owner: type[Any]) -> None:
    """A form may have whatever the pinned library sends, under Twilio's own name; calls a time."""
    library = {name.removesuffix("_") for name in inspect.signature(owner.create).parameters}
    names = names_of(kind)
    assert names.keys() - {"send_at"} == library - {"self", "send_at"}
    sends = inspect.getsource(owner)
    assert {name for name in names.values() if f'"{name}"' not in sends} <= {"SendAt"}


async def test_every_parameter_is_read_from_its_text(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Numbers, booleans, lists and objects come as texts, and reach Twilio as it wants them."""
    service = "MG" + "a" * 32
    form = {
        "To": "+14155552671", "MessagingServiceSid": service, "From": "+15005550006",
        "Body": "Hi https://example.com", "MediaUrl": ["https://example.com/a.png", "https://example.com/b.png"],
        "ValidityPeriod": "600", "SmartEncoded": "true", "ShortenUrls": "True",
        "ProvideFeedback": "false", "Attempt": "2", "PersistentAction": "geo:1,2",
        "RiskCheck": "disable", "MaxPrice": "0.5",
    }  # fmt: skip
    reply = await client.post("Messages", form)
    assert reply.status == 201, reply.body
    assert (reply.json["status"], reply.json["num_media"]) == ("accepted", "2")
    assert (reply.json["messaging_service_sid"], reply.json["from"]) == (service, "+15005550006")
    asked = sent(app)
    assert asked["sender"] == service
    assert asked["media_url"] == ["https://example.com/a.png", "https://example.com/b.png"]
    assert (asked["validity_period"], asked["smart_encoded"], asked["shorten_urls"]) == (
        600, True, True)  # fmt: skip
    assert (asked["provide_feedback"], asked["attempt"]) == (False, 2)
    assert asked["persistent_action"] == ["geo:1,2"]
    assert (asked["risk_check"], asked["max_price"]) == ("disable", 0.5)


async def test_a_template_wins_over_a_text(client: TwilioClient, app: InMemoryApp) -> None:
    """With ContentSid a text is only what Twilio would fall back to; the variables are JSON."""
    content = "HX" + "b" * 32
    form = TEXT | {"ContentSid": content, "ContentVariables": '{"1": "Ann"}'}
    assert (await client.post("Messages", form)).status == 201
    asked = sent(app)
    assert (asked["content_sid"], asked["content_variables"]) == (content, '{"1": "Ann"}')
    assert "body" not in asked


async def test_a_service_may_stand_where_the_sender_does(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Twilio takes a Messaging Service as From."""
    service = "MG" + "a" * 32
    assert (await client.post("Messages", TEXT | {"From": service})).status == 201
    assert sent(app)["sender"] == service


async def test_a_time_of_its_own_needs_no_service(client: TwilioClient, app: InMemoryApp) -> None:
    """ScheduleType=fixed with SendAt goes on our own schedule, and Twilio is told of neither."""
    form = TEXT | {"ScheduleType": "fixed", "SendAt": "2026-11-21T12:01:00Z"}
    reply = await client.post("Messages", form)
    assert (reply.status, reply.json["status"]) == (201, "scheduled")
    assert {"send_at", "schedule_type"}.isdisjoint(sent(app))


@pytest.mark.parametrize(
    "number", ["415-555-2671", "(415) 555-2671", "14155552671", "4155552671", "+1 415 555 2671"]
)
async def test_numbers_are_read_as_twilio_reads_them(client: TwilioClient, number: str) -> None:
    """A number in the notation of its country is that number."""
    reply = await client.post("Messages", TEXT | {"To": number, "From": "1-500-555-0006"})
    assert (reply.json["to"], reply.json["from"]) == ("+14155552671", "+15005550006")


async def test_url_wins_over_twiml_and_both_over_an_application(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """Of several documents Twilio takes one."""
    application = {"ApplicationSid": "AP" + "1" * 32}
    await client.post("Calls", CALL | application | {"Url": "https://example.com/a.xml"})
    assert sent(app)["url"] == "https://example.com/a.xml"
    assert {"twiml", "application_sid"}.isdisjoint(sent(app))
    app.queues.puts.clear()
    await client.post("Calls", CALL | application)
    assert "application_sid" not in sent(app)
    app.queues.puts.clear()
    beside = {"Twiml": "", "StatusCallback": "https://example.com/s", "Method": "GET"}
    assert (await client.post("Calls", CALL | application | beside)).status == 201
    assert sent(app)["application_sid"] == "AP" + "1" * 32
    assert "method" not in sent(app)


async def test_the_tutorial_works_as_printed(client: TwilioClient, app: InMemoryApp) -> None:
    """The first tutorial of Twilio on Azure: call a twimlet, text, call one's own page."""
    party = {"From": "15005550006", "To": "14155552671"}
    message = "Hello+world."
    twimlet = f"http://twimlets.com/message?Message={message}"
    assert (await client.post("Calls", party | {"Url": twimlet})).status == 201
    url = sent(app)["url"]
    assert url.startswith(f"{PUBLIC_BASE_URL}/api/twiml/message?Entry=")
    assert url.endswith(f"&Message={message}")
    app.queues.puts.clear()
    assert (await client.post("Messages", party | {"Body": "Hello, this is a test."})).status == 201
    assert sent(app)["body"] == "Hello, this is a test."
    app.queues.puts.clear()
    page = "https://shop.azurewebsites.net/phonecall.php?Message=Hello%20world"
    assert (await client.post("Calls", party | {"url": page})).status == 201
    assert sent(app)["url"] == page


async def test_what_twilio_does_not_know_is_ignored(
    client: TwilioClient, app: InMemoryApp, caplog: pytest.LogCaptureFixture
) -> None:
    """An unknown parameter, one of ours, and one without its other half change nothing."""
    caplog.set_level(logging.INFO)
    form = CALL | {"Banana": "1", "Lane": "bulk", "Say": "No", "Method": "GET", "Trim": ""}
    assert (await client.post("Calls", form)).status == 201
    assert queued(app)[0].accepted.lane == "now"
    ignored = re.findall(r'twilio_parameter_ignored {"name": "(\w+)"}', caplog.text)
    assert ignored == ["Banana", "Lane", "Say", "method"]


REFUSED = [
    ("Messages", {"To": ""}, 21604),
    ("Messages", {"Body": ""}, 21602),
    ("Messages", {"Body": "x" * 1601}, 21617),
    ("Messages", {"To": "12"}, 21211),
    ("Messages", {"To": "+1415555"}, 21211),
    ("Messages", {"To": "+14155552671,+14165550123"}, 21211),
    ("Messages", {"To": "+15005550001"}, 21211),
    ("Messages", {"To": "+15005550002"}, 21612),
    ("Messages", {"To": "+15005550003"}, 21408),
    ("Messages", {"To": "+15005550004"}, 21610),
    ("Messages", {"To": "+15005550009"}, 21614),
    ("Messages", {"To": "whatsapp:+14155552671"}, 21612),
    ("Messages", {"To": "+19005551234"}, 21408),
    ("Messages", {"From": "+15005550001"}, 21212),
    ("Messages", {"From": "+15005550007"}, 21606),
    ("Messages", {"From": "+15005550008"}, 21611),
    ("Messages", {"From": "+15005550123"}, 21606),
    ("Messages", {"From": "+999"}, 21212),
    ("Messages", {"MessagingServiceSid": "MGx"}, 21705),
    ("Messages", {"MediaUrl": "ftp://example.com"}, 21620),
    ("Messages", {"MediaUrl": ["https://example.com/a"] * 11}, 21623),
    ("Messages", {"StatusCallback": "nowhere"}, 21609),
    ("Messages", {"ContentSid": "HX" + "b" * 32, "ContentVariables": "{"}, 21656),
    ("Messages", {"ValidityPeriod": "36001"}, 20001),
    ("Messages", {"ValidityPeriod": "soon"}, 20001),
    ("Messages", {"SendAt": "tomorrow"}, 35114),
    ("Messages", {"SendAt": "2025-01-01T00:00:00Z", "ScheduleType": "fixed"}, 35114),
    ("Messages", {"ScheduleType": "fixed"}, 35111),
    ("Messages", {"SendAt": "2026-11-22T00:00:00Z", "ScheduleType": "x"}, 35112),
    ("Messages", {"ShortenUrls": "true"}, 35118),
    ("Calls", {"To": ""}, 21201),
    ("Calls", {"To": "12"}, 21211),
    ("Calls", {"To": "+15005550001"}, 21217),
    ("Calls", {"To": "+15005550002"}, 21214),
    ("Calls", {"To": "+15005550003"}, 21215),
    ("Calls", {"To": "+15005550004"}, 21216),
    ("Calls", {"From": "+15005550123"}, 21210),
    ("Calls", {"From": "+15005550001"}, 21212),
    ("Calls", {"Twiml": ""}, 21205),
    ("Calls", {"Twiml": "x" * 4001}, 32018),
    ("Calls", {"Url": "nowhere"}, 21205),
    ("Calls", {"StatusCallback": "nowhere"}, 21205),
    ("Calls", {"StatusCallback": "https://example.com", "StatusCallbackEvent": "gone"}, 21626),
    ("Calls", {"StatusCallback": "https://example.com", "StatusCallbackMethod": "PUT"}, 21209),
    ("Calls", {"SendDigits": "x"}, 21206),
    ("Calls", {"MachineDetection": "x"}, 21207),
    ("Calls", {"Timeout": "601"}, 21208),
    ("Calls", {"ApplicationSid": "x", "Twiml": ""}, 21218),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "changes", "code"), REFUSED)
async def test_what_is_wrong_has_twilios_code(
    client: TwilioClient, resource: str, changes: dict[str, str], code: int
) -> None:
    """Each mistake is answered as Twilio would, and nothing is kept."""
    app, status = client.app, 400
    base = TEXT if resource == "Messages" else CALL
    reply = await client.post(resource, {n: v for n, v in {**base, **changes}.items() if v})
    assert (reply.status, reply.json["code"]) == (status, code), reply.body
    assert reply.json == {
        "code": code,
        "message": reply.json["message"],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    assert reply.json["message"]
    assert app.queues.puts == []
    assert await app.table.next_partition("") is None


async def test_an_object_of_texts_is_a_form_too(client: TwilioClient, app: InMemoryApp) -> None:
    """Some programs' generic senders know JSON alone, with the same names."""
    headers = {"Authorization": client.authorization, "Content-Type": "application/json"}
    body = json.dumps({**TEXT, "Message": "Hi", "MediaUrl": ["https://example.com/a.png"]}).encode()
    reply = await app.ask("POST", f"/api{BASE}/Messages.json", body, headers)
    assert (reply.status, reply.json["body"], reply.json["num_media"]) == (201, "Hi", "1")
    for wrong in (b"", b"[]", b'{"To": 1}', b'{"To": {"a": "b"}}', b"[" * 100_000):
        reply = await app.ask("POST", f"/api{BASE}/Messages.json", wrong, headers)
        assert (reply.status, reply.json["code"]) == (400, 20001)


async def test_what_is_not_a_form_has_no_recipient(client: TwilioClient) -> None:
    """Letters of another encoding and endless forms are refused."""
    path = f"/api{BASE}/Messages.json"
    plain = await client.ask("POST", f"{BASE}/Messages.json")
    assert (plain.status, plain.json["code"]) == (400, 21604)
    for body, status in ((b"Body=%ff", 400), (b"\xff", 400), (b"Body=" + b"x" * 2**20, 413)):
        headers = {"Authorization": client.authorization}
        reply = await client.app.ask("POST", path, body, headers)
        assert (reply.status, reply.json["code"]) == (status, 20001)


async def test_magic_numbers_are_magic_in_the_simulated_run_only(
    configure: Configure,
) -> None:
    """At Twilio itself they are what they are there: Twilio's to refuse."""
    client = TwilioClient(configure(**LIVE))
    assert (await client.post("Messages", TEXT | {"From": "+15005550007"})).status == 201


async def test_somebody_who_has_stopped_is_refused_at_once(
    client: TwilioClient, app: InMemoryApp
) -> None:
    """21610, as with Twilio; but the repeat of what was accepted before is answered as it was."""
    first = await client.post("Messages", TEXT, Idempotency_Key="a")
    stop = OptOut(at=app.clock(), number=TEXT["To"], sender=TEXT["From"], says="stop", sid="SM1")
    await app.services.ledger.opt_outs.note(stop)
    for headers in ({}, {"Idempotency_Key": "b"}):
        reply = await client.post("Messages", TEXT, **headers)
        assert (reply.status, reply.json["code"]) == (400, 21610)
    again = await client.post("Messages", TEXT, Idempotency_Key="a")
    assert (again.status, again.body) == (201, first.body)
    assert (await client.post("Calls", CALL)).status == 201
    assert len(app.queues.puts) == 3
