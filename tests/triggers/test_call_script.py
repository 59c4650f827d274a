"""The TwiML of an outgoing call that is too long to travel with it."""

from xml.etree import ElementTree as ET

import pytest

from tests.in_memory_app import InMemoryApp
from tests.ledger.histories import JOB, TO
from tests.sids import CA1

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


async def test_what_has_no_script_is_404(app: InMemoryApp) -> None:
    """An unknown id, no id, a message, and a call that brings its own TwiML are not found."""
    names = [
        JOB,
        "x",
        await accept(app, "messages", body="Hi"),
        await accept(app, url="https://example.com/a.xml"),
    ]
    for name in names:
        assert (await app.twilio("GET", f"/api/twiml/calls/{name}")).status == 404
