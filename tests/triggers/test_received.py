"""`GET /api/inbound`: what people texted, pressed, said and recorded, newest first."""

import re
from pathlib import Path
from typing import Any

import pytest

from shared.inbound.events import EVENTS
from tests.environment import SENDER
from tests.in_memory_app import InMemoryApp
from tests.inbound_queue import Configure, inbound
from tests.ledger.histories import TO

ANA, BO = TO[:2]
ANSWERING = Path(__file__).parents[2] / "docs" / "answering.md"


async def text(app: InMemoryApp, number: int, body: str = "Hi", person: str = ANA) -> None:
    """Let somebody text us, a second after what came before."""
    app.clock.move(seconds=1)
    form = {"MessageSid": f"SM{number:032x}", "From": person, "To": SENDER, "Body": body}
    assert (await app.twilio("POST", "/api/webhooks/messages", form)).status == 200


async def call(app: InMemoryApp, number: int) -> None:
    """Let somebody call us."""
    app.clock.move(seconds=1)
    form = {"CallSid": f"CA{number:032x}", "From": ANA, "To": SENDER, "CallStatus": "ringing"}
    assert (await app.twilio("POST", "/api/webhooks/calls", form)).status == 200


async def listed(app: InMemoryApp, query: str = "") -> list[dict[str, Any]]:
    reply = await app.get(f"/api/inbound{query}")
    assert reply.status == 200
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def test_what_came_is_listed_as_the_queue_has_it(app: InMemoryApp) -> None:
    """An item is the event of queue `inbound` under its id, whose link shows it again."""
    await text(app, 1)
    [item] = await listed(app)
    assert item["event"] == inbound(app)[0]
    assert item["links"] == {"self": f"/api/inbound/{item['id']}"}
    assert (await app.get(item["links"]["self"])).json == item


async def test_it_is_newest_first_and_filtered(app: InMemoryApp) -> None:
    """Kinds and times select, pages follow one another."""
    await text(app, 1)
    await call(app, 2)
    middle = app.clock().isoformat()
    await text(app, 3, "STOP", BO)
    assert [each["event"]["event"] for each in await listed(app)] == ["opt_out", "call", "message"]
    assert [each["event"]["event"] for each in await listed(app, "?event=message,call")] == [
        "call",
        "message",
    ]
    assert len(await listed(app, f"?since={middle}")) == 2
    assert len(await listed(app, f"?until={middle}")) == 2
    assert len(await listed(app, f"?since={middle}&until={middle}")) == 1
    assert await listed(app, "?until=0001-01-01T00:00:00Z") == []
    assert len(await listed(app, "?since=0001-01-01T00:00:00Z&until=9999-01-01T00:00:00Z")) == 3
    assert await listed(app, "?since=9999-01-01T00:00:00Z") == []
    first = (await app.get("/api/inbound?limit=2")).json
    assert [len(first["items"]), first["next"]] == [2, first["items"][1]["id"]]
    last = (await app.get(f"/api/inbound?limit=2&cursor={first['next']}")).json
    assert [each["event"]["event"] for each in last["items"]] == ["message"]
    assert last["next"] is None


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("event=text", [("$.event", "not_one_of")]),
        ("limit=0&cursor=x", [("$.limit", "out_of_range"), ("$.cursor", "malformed")]),
        ("limit=101", [("$.limit", "out_of_range")]),
        ("since=today", [("$.since", "malformed")]),
        ("until=2026-11-21T12:00:00", [("$.until", "malformed")]),
        ("to=x", [("$.to", "unknown_parameter")]),
    ],
)
async def test_an_invalid_query_is_400(
    app: InMemoryApp, query: str, errors: list[tuple[str, str]]
) -> None:
    """All problems of a query are named."""
    reply = await app.get(f"/api/inbound?{query}")
    assert (reply.status, reply.errors) == (400, errors)


@pytest.mark.parametrize(("asked", "hint"), [("mesage", "did you mean message?"), ("x", "opt_in")])
async def test_an_invalid_kind_is_pointed_out(app: InMemoryApp, asked: str, hint: str) -> None:
    """The message names the kinds, and the one that was meant."""
    reply = await app.get(f"/api/inbound?event={asked}")
    assert reply.json["errors"][0]["message"].endswith(hint)


async def test_what_is_not_there_is_404(app: InMemoryApp) -> None:
    """An id of something else, of nothing, one that is none, and one that was erased."""
    message = (await app.post("/api/messages", {"to": ANA, "body": "Hi"})).json["id"]
    await text(app, 1)
    [item] = await listed(app)
    await app.services.ledger.received.erase(ANA)
    for name in (message, item["id"], "x", f"{item['id']}-0"):
        assert (await app.get(f"/api/inbound/{name}")).status == 404


async def test_texts_are_not_shown_where_they_are_not_to_be(configure: Configure) -> None:
    """SHOW_CONTENT=false keeps what people wrote out of the list and of one event."""
    app = configure(SHOW_CONTENT="false")
    form = {"MessageSid": f"SM{1:032x}", "From": ANA, "To": SENDER, "Body": "a secret",
            "ButtonText": "a secret too", "ProfileName": "a secret name",
            "Latitude": "52.52", "NewField": "a secret of a new kind"}  # fmt: skip
    await app.twilio("POST", "/api/webhooks/messages", form)
    [item] = await listed(app)
    assert item["event"].keys() == {"event", "sid", "from", "to", "at"}
    assert item["event"]["from"] == ANA
    for path in ("/api/inbound", item["links"]["self"]):
        body = (await app.get(path)).body
        assert b"secret" not in body
        assert b"52.52" not in body


def test_every_kind_of_event_is_documented() -> None:
    """The page about queue `inbound` names the kinds that can be asked for."""
    row = next(
        each for each in ANSWERING.read_text().splitlines() if each.startswith("| `event` |")
    )
    assert tuple(re.findall(r"`(\w+)`", row)[1:]) == EVENTS
