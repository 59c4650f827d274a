"""The TwiML of an outgoing call that is too long to travel with it."""

from xml.etree import ElementTree as ET

import pytest

from tests.deliver.seams import FailAt, TableSeam
from tests.environment import PUBLIC_BASE_URL, SENDER
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import inbound
from tests.ledger.histories import JOB, TO
from tests.sids import CA1, CA2, RE1, recording_url

LONG = "Lorem ipsum dolor sit amet. " * 300


async def accept(app: InMemoryApp, path: str = "calls", **fields: object) -> str:
    reply = await app.post(f"/api/{path}", {"to": TO[0], **fields})
    assert reply.status == 202, reply.body
    return str(reply.json["id"])


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_long_text_is_said_to_the_end(app: InMemoryApp, method: str) -> None:
    """What the call was accepted with is answered, whole, whichever way Twilio asks."""
    name = await accept(app, say=LONG, language="en-GB")
    form = {"CallSid": CA1, "CallStatus": "in-progress"} if method == "POST" else None
    reply = await app.twilio(method, f"/api/twiml/calls/{name}", form)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/xml")
    said = list(ET.fromstring(reply.body))  # noqa: S314 - our own
    assert "".join(verb.text or "" for verb in said) == LONG
    assert {verb.get("language") for verb in said} == {"en-GB"}


async def test_steps_are_served_too(app: InMemoryApp) -> None:
    """A call's steps are the same document."""
    name = await accept(app, steps=[{"say": "Hi"}, {"hangup": {}}])
    reply = await app.twilio("GET", f"/api/twiml/calls/{name}")
    assert reply.body.endswith(b"<Response><Say>Hi</Say><Hangup /></Response>")


async def test_one_of_several_recipients_hears_the_same(app: InMemoryApp) -> None:
    """The id of one recipient of a job leads to the job's script."""
    reply = await app.post("/api/calls", {"to": list(TO[:2]), "say": "Hi"})
    name = reply.json["deliveries"][1]["id"]
    assert (await app.twilio("GET", f"/api/twiml/calls/{name}")).status == 200


async def test_each_recipient_of_a_batch_hears_their_own_text(app: InMemoryApp) -> None:
    """A template that is too long to travel is filled with the values of the one who is called."""
    recipients = [{"to": to, "name": f"Person {n}"} for n, to in enumerate(TO)]
    say = "Good morning {{name}}. " + "School is closed. " * 300
    body = {"kind": "call", "say": say, "recipients": recipients}
    assert (await app.post("/api/batches", body)).status == 202
    items = (await app.get("/api/calls")).json["items"]
    assert len(items) == len(TO)
    for item in items:
        reply = await app.twilio("GET", f"/api/twiml/calls/{item['id']}")
        name = f"Person {TO.index(item['to'])}"
        assert f"<Say>Good morning {name}. School" in reply.body.decode()


STEPS = [
    {"say": "Hello"},
    {"gather": {"num_digits": 1, "on": {"1": [{"say": "One"}], "else": [{"record": {}}]}}},
    {"dial": "+14165550123"},
    {"redirect": f"{PUBLIC_BASE_URL}/api/twiml/menu"},
]


def form(**more: str) -> dict[str, str]:
    return {"CallSid": CA1, "From": SENDER, "To": TO[0], "Direction": "outbound-api",
            "FromCity": "BERLIN", **more}  # fmt: skip


async def go_on(app: InMemoryApp, name: str, stage: str, **more: str) -> str:
    app.clock.move(seconds=1)
    reply = await app.twilio("POST", f"/api/twiml/calls/{name}?Stage={stage}", form(**more))
    assert reply.status == 200
    return reply.body.decode().partition("<Response>")[2].removesuffix("</Response>")


async def results(app: InMemoryApp, name: str) -> list[dict[str, str]]:
    found = (await app.get(f"/api/calls/{name}")).json["results"]
    return [{n: v for n, v in each.items() if n != "at"} for each in found]


async def test_what_is_pressed_is_recorded_published_and_followed(app: InMemoryApp) -> None:
    """A key leads to its branch, is on the entry and on the queue once, however often it comes."""
    name = await accept(app, steps=STEPS)
    for _ in range(3):
        assert await go_on(app, name, "1", Digits="1") == "<Say>One</Say>"
        app.clock.move(minutes=1)
    assert await results(app, name) == [{"verb": "gather", "digits": "1"}]
    (event,) = inbound(app)
    assert event.pop("sid") != CA1
    assert event == {"event": "gather", "from": SENDER, "to": TO[0], "at": "2026-11-21T12:00:01Z",
                     "call_sid": CA1, "id": name, "digits": "1", "direction": "outbound-api",
                     "from_city": "BERLIN"}  # fmt: skip


async def test_each_step_goes_on_where_it_stands(app: InMemoryApp) -> None:
    """Other keys, a recording in a branch, and a dialled number lead on, each with its result."""
    name = await accept(app, steps=STEPS)
    page = f"{PUBLIC_BASE_URL}/api/twiml/calls/{name}?Stage="
    assert await go_on(app, name, "1", Digits="9") == f'<Record action="{page}1.1.0" />'
    recorded = {"RecordingUrl": recording_url(), "RecordingSid": RE1, "RecordingDuration": "4"}
    await go_on(app, name, "1.1.0", **recorded)
    after = await go_on(app, name, "2", DialCallStatus="busy", DialCallSid=CA2)
    assert after == f"<Redirect>{PUBLIC_BASE_URL}/api/twiml/menu?Entry={name}</Redirect>"
    assert await results(app, name) == [
        {"verb": "gather", "digits": "9"},
        {"verb": "record", "recording_url": recording_url()},
        {"verb": "dial", "dial_status": "busy"},
    ]
    gather, recording, dial = inbound(app)
    assert (gather["event"], recording["event"], dial["event"]) == ("gather", "recording", "dial")
    assert (recording["sid"], recording["duration"], recording["id"]) == (RE1, 4, name)
    assert (dial["sid"], dial["status"], dial["call_sid"]) == (CA2, "busy", CA1)


@pytest.mark.parametrize(
    ("stage", "more"),
    [
        ("1", {"Digits": ""}),
        ("1", {"RecordingUrl": recording_url(), "RecordingSid": RE1}),
        ("1", {"DialCallStatus": "completed"}),
        ("2", {"Digits": "1"}),
        ("1.1.0", {"RecordingUrl": "https://evil.example/" + RE1, "RecordingSid": RE1}),
        ("1.1.0", {"RecordingUrl": recording_url() + "0"}),
        ("1.1.0", {"RecordingSid": "RE1"}),
        ("1.1.0", {"Digits": "1"}),
        ("1", {"Digits": "1", "CallSid": "CA1"}),
        ("1", {"Digits": "1", "CallSid": ""}),
    ],
)
async def test_only_what_belongs_to_the_step_is_a_result(
    app: InMemoryApp, stage: str, more: dict[str, str]
) -> None:
    """Silence, fields of another verb, and recordings or calls that are not Twilio's are none."""
    name = await accept(app, steps=STEPS)
    await go_on(app, name, stage, **more)
    assert await results(app, name) == []
    assert inbound(app) == []


async def test_another_call_leaves_no_result(app: InMemoryApp) -> None:
    """TwiML of somebody's can lead another call here: it is answered, and nothing is believed."""
    name = await accept(app, steps=STEPS)
    status = {"CallSid": CA1, "CallStatus": "in-progress"}
    await app.twilio("POST", f"/api/webhooks/status/{name}", status)
    for target in (f"/api/twiml/calls/{name}?Stage=1", f"/api/twiml/menu?Entry={name}"):
        assert (await app.twilio("POST", target, form(CallSid=CA2, Digits="1"))).status == 200
    assert await results(app, name) == []
    assert inbound(app) == []
    await go_on(app, name, "1", Digits="1")
    assert await results(app, name) == [{"verb": "gather", "digits": "1"}]


async def test_steps_may_come_back_by_get(app: InMemoryApp) -> None:
    """Where the steps ask for GET, what was pressed is in the query, and counts the same."""
    name = await accept(app, steps=[{"gather": {"method": "GET", "on": {"1": [{"say": "One"}]}}}])
    query = f"Stage=0&CallSid={CA1}&Digits=1&Stage=9"
    reply = await app.twilio("GET", f"/api/twiml/calls/{name}?{query}")
    assert "<Say>One</Say>" in reply.body.decode()
    assert await results(app, name) == [{"verb": "gather", "digits": "1"}]


async def test_one_of_several_presses_for_itself(app: InMemoryApp) -> None:
    """In a call to several people each one's answer is on their own entry."""
    reply = await app.post("/api/calls", {"to": list(TO[:2]), "steps": STEPS})
    first, second = (each["id"] for each in reply.json["deliveries"])
    await go_on(app, second, "1", Digits="1")
    assert await results(app, first) == []
    assert await results(app, second) == [{"verb": "gather", "digits": "1"}]


@pytest.mark.parametrize("stage", ["7", "x", "1.9.0", "0.0.0"])
async def test_a_stage_that_is_not_there_is_404(app: InMemoryApp, stage: str) -> None:
    """Where the call has no such step there is nothing to go on with."""
    for fields in ({"steps": STEPS}, {"say": "Hi"}, {"url": "https://example.com/a.xml"}):
        name = await accept(app, **fields)
        target = f"/api/twiml/calls/{name}?Stage={stage}"
        assert (await app.twilio("POST", target, form(Digits="1"))).status == 404


async def test_a_caller_hears_on_while_storage_fails(app: InMemoryApp) -> None:
    """Once the call is found, a result that cannot be kept takes no answer from the person."""
    name = await accept(app, steps=STEPS)
    app.services.table = TableSeam(app.table, FailAt(2, times=1000))
    app.services.__dict__.pop("ledger")
    assert await go_on(app, name, "1", Digits="1") == "<Say>One</Say>"


async def test_what_has_no_script_is_404(app: InMemoryApp) -> None:
    """An unknown id, no id, a message, and a call that brings its own TwiML are not found."""
    names = [
        JOB,
        "x",
        await accept(app, "messages", body="Hi"),
        await accept(app, url="https://example.com/a.xml"),
        f"{await accept(app, say='Hi')}-1",
    ]
    for name in names:
        assert (await app.twilio("GET", f"/api/twiml/calls/{name}")).status == 404
