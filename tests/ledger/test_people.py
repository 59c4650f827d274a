"""`POST /api/recipients/find`: everything that is stored about a person, in pages."""

from datetime import timedelta

import msgspec
import pytest

from shared.jobs import ids
from shared.ledger import people
from shared.ledger.ledger import Ledger
from shared.ledger.people import find_person
from shared.ledger.received import Note
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.environment import DIGESTS
from tests.in_memory_app import InMemoryApp
from tests.ledger.histories import TO, accepted

ANA, BO = TO[:2]


async def heard(ledger: Ledger, number: int, minutes: float) -> None:
    """Note that a person texted."""
    at = NOON - timedelta(minutes=minutes)
    fields = {"event": "message", "sid": f"SM{number}", "from": ANA, "to": BO, "at": at}
    text = msgspec.json.encode(fields).decode()
    assert await ledger.received.is_first(Note(f"{number:064}", at, "t", text), ANA)


async def test_what_was_sent_and_what_was_said_is_on_one_page(app: InMemoryApp) -> None:
    """Messages, calls, what the person texted, and the opt-outs: with nobody else's."""
    await app.post("/api/messages", {"to": ANA, "body": "Hi"})
    app.clock.move(seconds=1)
    await app.post("/api/calls", {"to": ANA, "say": "Hi"})
    await app.post("/api/messages", {"to": BO, "body": "Hi"})
    form = {"MessageSid": "SM" + "1" * 32, "From": ANA, "To": "+15005550006", "Body": "STOP",
            "OptOutType": "STOP", "MessagingServiceSid": "MG" + "1" * 32}  # fmt: skip
    await app.twilio("POST", "/api/webhooks/messages", form)
    page = (await app.post("/api/recipients/find", {"number": ANA})).json
    assert [item["kind"] for item in page["items"]] == ["call", "message"]
    assert [(each["event"], each["body"]) for each in page["inbound"]] == [("opt_out", "STOP")]
    assert {(each["sender"], each["says"]) for each in page["opt_outs"]} == {
        ("+15005550006", "stop"), ("MG" + "1" * 32, "stop"),
    }  # fmt: skip
    assert page["next"] is None
    assert (await app.post("/api/recipients/find", {"number": "+14155552672"})).json == {
        "items": [], "inbound": [], "opt_outs": [], "next": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"number": "4155552671"}, [("$.number", "invalid_number")]),
        ({"number": ANA, "cursor": "x"}, [("$.cursor", "malformed")]),
        ({}, [("$.number", "missing")]),
        ({"number": ANA, "limit": 3}, [("$.limit", "unknown_field")]),
    ],
)
async def test_what_cannot_be_found_is_named(
    fields: dict[str, object], errors: list[tuple[str, str]], app: InMemoryApp
) -> None:
    """A text that is not a number, a cursor that is not one, and other fields."""
    reply = await app.post("/api/recipients/find", fields)
    assert (reply.status, reply.errors) == (400, errors)


@pytest.mark.parametrize(("sent", "said"), [(25, 3), (3, 25), (25, 25), (0, 11), (11, 0), (10, 10)])
async def test_pages_show_each_thing_once(
    sent: int, said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over all pages each message and each text comes once, newest first, in stretches of time."""
    monkeypatch.setattr(people, "MAX_ITEMS", 4)
    monkeypatch.setattr(people, "MAX_INBOUND", 5)
    ledger = Ledger(MemoryTable(), DIGESTS)
    for number in range(sent):
        at = NOON - timedelta(minutes=3 * number, microseconds=400)
        await ledger.record(ids.new_id(at, number), accepted(ANA, at=at))
    for number in range(said):
        await heard(ledger, number, 2 * number)
    items, inbound, cursor, pages = [], [], None, 0
    while pages < 40:
        page = await find_person(ledger, ANA, cursor=cursor, now=NOON)
        times = [ids.accepted_at(entry.id) for entry, _ in page.items]
        texts = [msgspec.json.decode(text) for text in page.inbound]
        items += times
        inbound += [text["sid"] for text in texts]
        pages, cursor = pages + 1, page.next
        if cursor is None:
            break
    assert len(items) == sent
    assert items == sorted(set(items), reverse=True)
    assert inbound == [f"SM{number}" for number in range(said)]
    assert pages <= 2 + sent // 4 + said // 5
