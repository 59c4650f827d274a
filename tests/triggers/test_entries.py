"""`GET /api/messages`, `GET /api/messages/{id}` and the same for calls, through the app."""

import pytest

from shared.jobs.events import (
    Answer,
    AnyEvent,
    Claim,
    Doubt,
    Noted,
    Outcome,
    Parked,
    Reported,
    Retried,
)
from tests.in_memory_app import Configure, InMemoryApp
from tests.ledger.histories import JOB, TO, accepted, sid

ITEM = {"id", "kind", "state", "to", "from", "sid", "twilio_status", "error", "attempts",
        "accepted_at", "updated_at", "metadata", "links"}  # fmt: skip


async def accept(app: InMemoryApp, to: str | list[str] = TO[0], **more: object) -> str:
    """Accept a message and return its id."""
    app.clock.move(seconds=1)
    reply = await app.post("/api/messages", {"to": to, "body": "Hi", **more})
    assert reply.status == 202, reply.body
    return str(reply.json["id"])


async def test_an_entry_has_every_name_from_the_start(app: InMemoryApp) -> None:
    """A message that was just accepted shows every field, those that are not known as null."""
    name = await accept(app, metadata={"order": "7"})
    reply = await app.get(f"/api/messages/{name}")
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "application/json"
    assert set(reply.json) == ITEM | {"events", "body"}
    assert reply.json | {"events": None} == {
        "id": name,
        "kind": "message",
        "state": "accepted",
        "to": TO[0],
        "from": "+15005550006",
        "sid": None,
        "twilio_status": None,
        "error": None,
        "attempts": 0,
        "accepted_at": "2026-11-21T12:00:01Z",
        "updated_at": "2026-11-21T12:00:01Z",
        "metadata": {"order": "7"},
        "links": {"self": f"/api/messages/{name}"},
        "body": "Hi",
        "events": None,
    }


async def test_an_entry_shows_its_events(app: InMemoryApp) -> None:
    """Each event shows its name, its time and what it says, and nobody's body or token."""
    name = await accept(app)
    at = app.clock
    told: list[AnyEvent] = [
        Claim(at=at.move(seconds=1), n=1, token="secret", until=at()),
        Doubt(at=at.move(seconds=1), n=1, outcomes=(
            Outcome(index=0, result="unknown", code="no_answer"),)),
        Answer(at=at.move(seconds=1), n=1, outcomes=(
            Outcome(index=0, result="sent", sid=sid(0), status="queued"),)),
        Reported(at=at.move(seconds=1), status="undelivered", sid=sid(0),
                 fields={"ErrorCode": "30003"}),
        Parked(at=at.move(seconds=1), code="gave_up", message="too often"),
        Retried(at=at.move(seconds=1), k=1, after=1),
    ]  # fmt: skip
    for event in told:
        assert await app.services.ledger.record(name, event)
    entry = (await app.get(f"/api/messages/{name}")).json
    assert [{k: v for k, v in event.items() if k != "at"} for event in entry["events"]] == [
        {"event": "accepted", "source": "http", "lane": "now"},
        {"event": "claim.1", "by": "send"},
        {"event": "doubt.1", "result": "unknown", "code": "no_answer"},
        {"event": "answer.1", "result": "sent", "sid": sid(0), "status": "queued"},
        {"event": "reported.undelivered", "status": "undelivered", "sid": sid(0),
         "fields": {"ErrorCode": "30003"}},
        {"event": "parked", "code": "gave_up", "message": "too often"},
        {"event": "retried.1", "after": 1},
    ]  # fmt: skip
    assert entry["events"][-1]["at"] == entry["updated_at"] == "2026-11-21T12:00:07Z"
    assert (entry["state"], entry["sid"], entry["twilio_status"], entry["attempts"]) == (
        "handed_over", sid(0), "undelivered", 1)  # fmt: skip
    assert entry["error"] == {"code": "30003", "message": "the phone is off, or out of reach"}


async def test_a_list_of_recipients_is_a_job_of_deliveries(app: InMemoryApp) -> None:
    """The job's id shows every recipient without events; each recipient's id shows its own."""
    job = await accept(app, list(TO[:2]))
    ledger = app.services.ledger
    outcomes = (Outcome(index=0, result="sent", sid=sid(0)), Outcome(index=1, result="rejected"))
    for event in (Claim(at=app.clock(), n=1, indexes=(0,)),
                  Answer(at=app.clock(), n=1, outcomes=outcomes),
                  Answer(at=app.clock(), n=2, outcomes=outcomes[:1]),
                  Reported(at=app.clock(), status="sent", sid=sid(1), index=1)):  # fmt: skip
        await ledger.record(job, event)
    shown = (await app.get(f"/api/messages/{job}")).json
    assert set(shown) == {"id", "kind", "count", "deliveries", "links", "body"}
    assert (shown["id"], shown["kind"], shown["count"]) == (job, "message", 2)
    assert [set(each) for each in shown["deliveries"]] == [ITEM, ITEM]
    assert [each["id"] for each in shown["deliveries"]] == [f"{job}-0", f"{job}-1"]
    second = (await app.get(f"/api/messages/{job}-1")).json
    assert [event["event"] for event in second["events"]] == [
        "accepted", "answer.1", "reported.sent"]  # fmt: skip
    assert (second["id"], second["to"], second["sid"]) == (f"{job}-1", TO[1], sid(1))
    assert second["links"] == {"self": f"/api/messages/{job}-1"}


async def test_an_id_of_another_kind_or_of_nothing_is_404(app: InMemoryApp) -> None:
    """An unknown id, no id at all, a recipient too many and a message among calls are not found."""
    name = await accept(app)
    for path in (f"/api/calls/{name}", f"/api/messages/{name}-1", f"/api/messages/{JOB}",
                 "/api/messages/x", "/api/messages/%F0%9F%91%8B"):  # fmt: skip
        reply = await app.get(path)
        assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json")
        assert reply.json["title"] == "Not found"
    assert (await app.get(f"/api/messages/{name}")).status == 200


async def test_an_unreadable_message_is_among_the_messages(app: InMemoryApp) -> None:
    """An unreadable message is shown with its text and the reason, and not among the calls."""
    parked = Parked(at=app.clock(), code="not_json", message="no JSON", raw="hello\\xff")
    await app.services.ledger.record(JOB, parked)
    entry = (await app.get(f"/api/messages/{JOB}")).json
    assert (entry["kind"], entry["state"], entry["raw"]) == ("unreadable", "parked", "hello\\xff")
    assert entry["error"] == {"code": "not_json", "message": "no JSON"}
    assert (entry["to"], entry["from"], entry["metadata"]) == (None, None, {})
    assert entry["links"] == {"self": f"/api/messages/{JOB}"}
    assert [each["id"] for each in (await app.get("/api/messages")).json["items"]] == [JOB]
    assert (await app.get("/api/calls")).json["items"] == []
    assert (await app.get(f"/api/calls/{JOB}")).status == 404


async def test_a_report_without_a_request_is_not_shown(app: InMemoryApp) -> None:
    """A callback for an unknown id is kept, and shown neither as a message nor as a call."""
    await app.services.ledger.record(JOB, Reported(at=app.clock(), status="sent", sid=sid(0)))
    assert (await app.get(f"/api/messages/{JOB}")).status == 404
    assert (await app.get("/api/messages")).json == {"items": [], "next": None}


async def test_lists_are_newest_first_and_filtered(app: InMemoryApp) -> None:
    """Messages and calls are listed apart, newest first, by state and by recipient."""
    first = await accept(app)
    both = await accept(app, list(TO[:2]))
    await app.services.ledger.record(first, Claim(at=app.clock(), n=1))
    call = (await app.post("/api/calls", {"to": TO[0], "say": "Hi"})).json["id"]

    async def listed(query: str, path: str = "messages") -> list[str]:
        reply = await app.get(f"/api/{path}?{query}")
        assert all(set(item) == ITEM for item in reply.json["items"])
        return [item["id"] for item in reply.json["items"]]

    assert await listed("") == [f"{both}-0", f"{both}-1", first]
    assert await listed("", "calls") == [call]
    assert await listed("state=delivering") == [first]
    assert await listed("to=%2B14155552671") == [f"{both}-0", first]
    assert await listed("to=+14155552671") == [f"{both}-0", first]
    assert await listed("to=%2B14155552671&state=accepted") == [f"{both}-0"]
    assert await listed("to=nobody") == []
    app.clock.move(seconds=1)
    third = await accept(app, f"whatsapp:{TO[0]}")
    assert await listed(f"to=whatsapp:{TO[0]}") == [third]
    assert await listed(f"to={TO[1]},whatsapp:{TO[0]}") == [third, f"{both}-1"]
    assert await listed(f"to={TO[1]}&to={TO[0]}") == [f"{both}-0", f"{both}-1", first]


async def test_pages_of_a_list_follow_one_another(app: InMemoryApp) -> None:
    """`next` leads through the whole list, each delivery once, also in the middle of a job."""
    job = await accept(app, list(TO))
    newest = await accept(app)
    found: list[str] = []
    query = "limit=2"
    while len(found) < 9:
        page = (await app.get(f"/api/messages?{query}")).json
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query = f"limit=2&cursor={page['next']}"
    assert found == [newest, f"{job}-0", f"{job}-1", f"{job}-2"]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("state=lost", [("$.state", "not_one_of")]),
        ("limit=0", [("$.limit", "out_of_range")]),
        ("limit=101", [("$.limit", "out_of_range")]),
        ("limit=-1", [("$.limit", "out_of_range")]),
        ("limit=ten", [("$.limit", "out_of_range")]),
        ("limit=%C2%B2", [("$.limit", "out_of_range")]),
        ("limit=" + "9" * 5000, [("$.limit", "out_of_range")]),
        ("limit=10.0", [("$.limit", "out_of_range")]),
        ("cursor=x", [("$.cursor", "malformed")]),
        ("since=today", [("$.since", "malformed")]),
        ("until=2026-12-01T10:00:00", [("$.until", "malformed")]),
        ("stat=parked&code=k", [("$.stat", "unknown_parameter")]),
        ("state=x&limit=x&cursor=x",
         [("$.state", "not_one_of"), ("$.limit", "out_of_range"), ("$.cursor", "malformed")]),
    ],
)  # fmt: skip
async def test_an_invalid_query_is_400(
    app: InMemoryApp, query: str, errors: list[tuple[str, str]]
) -> None:
    """Every mistake in a list's query is named at once."""
    reply = await app.get(f"/api/messages?{query}")
    assert reply.status == 400
    assert reply.errors == errors


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("state=delivered", "is a status of Twilio's, not a state; use twilio_status=delivered"),
        ("state=parked,in-progress", "use twilio_status=in-progress"),
        ("state=handedover", "did you mean handed_over?"),
        ("state=lost", "must be one of scheduled, accepted, "),
        ("twillio_status=sent", "did you mean twilio_status?"),
        ("recipient=1", "the parameters are: state, to, sid, twilio_status, error, since, "),
        ("limit=1000", "e.g. limit=20"),
        ("since=1", "e.g. 2026-12-24T18:00:00Z"),
    ],
)
async def test_an_invalid_query_says_what_to_write(
    app: InMemoryApp, query: str, message: str
) -> None:
    """The message names the value or parameter that is meant, or shows an example."""
    [error] = (await app.get(f"/api/calls?{query}")).json["errors"]
    assert message in error["message"]


async def test_a_query_is_not_repeated(app: InMemoryApp) -> None:
    """No number or text of the query comes back."""
    query = "%2B14155552671=1&since=%2B14155552671&state=secret&cursor=secret&limit=secret"
    reply = await app.get(f"/api/messages?{query}")
    assert len(reply.errors) == 5
    assert b"4155552671" not in reply.body
    assert b"secret" not in reply.body


STEPS = [{"say": "Hello"}, {"hangup": {}}]


@pytest.mark.parametrize(
    ("path", "fields", "content"),
    [
        ("messages", {"body": "Hi"}, {"body": "Hi"}),
        ("messages", {"media_url": "https://cdn.example.com/a.png"}, {}),
        ("calls", {"say": "Hello"}, {"say": "Hello"}),
        ("calls", {"steps": STEPS}, {"steps": STEPS}),
        ("calls", {"twiml": "<Response><Say>Hi</Say></Response>"}, {}),
    ],
)
async def test_an_entry_says_what_it_said(
    app: InMemoryApp,
    configure: Configure,
    path: str,
    fields: dict[str, object],
    content: dict[str, object],
) -> None:
    """One entry has its text or steps as they were asked for; a list and SHOW_CONTENT=false not."""

    def texts(entry: dict[str, object]) -> dict[str, object]:
        return {name: entry[name] for name in ("body", "say", "steps") if name in entry}

    name = (await app.post(f"/api/{path}", {"to": TO[0], **fields})).json["id"]
    assert texts((await app.get(f"/api/{path}/{name}")).json) == content
    [listed] = (await app.get(f"/api/{path}")).json["items"]
    assert texts(listed) == {}
    discreet = configure(SHOW_CONTENT="false")
    assert texts((await discreet.get(f"/api/{path}/{name}")).json) == {}
    assert texts((await discreet.ask("DELETE", f"/api/{path}/{name}")).json) == {}


async def test_a_list_of_recipients_says_what_they_were_sent(
    app: InMemoryApp, configure: Configure
) -> None:
    """A job of several and each recipient of it have the text; SHOW_CONTENT=false hides both."""
    job = await accept(app, list(TO[:2]))
    for name in (job, f"{job}-1"):
        assert (await app.get(f"/api/messages/{name}")).json["body"] == "Hi"
    discreet = configure(SHOW_CONTENT="false")
    for name in (job, f"{job}-1"):
        assert "body" not in (await discreet.get(f"/api/messages/{name}")).json


async def test_a_recipient_of_a_batch_says_what_that_person_was_told(app: InMemoryApp) -> None:
    """Placeholders are filled for a recipient, and shown as they are for the whole job."""
    recipients = [{"to": TO[0], "name": "Ana"}, {"to": TO[1], "name": "Bo"}]
    fields = {"body": "Hello {{name}}", "recipients": recipients}
    assert (await app.post("/api/batches", fields)).status == 202
    first = (await app.get("/api/messages")).json["items"][0]["id"]
    job = first.rpartition("-")[0]
    told = [(await app.get(f"/api/messages/{job}{end}")).json["body"] for end in ("", "-0", "-1")]
    assert told == ["Hello {{name}}", "Hello Ana", "Hello Bo"]


async def test_what_could_not_be_read_is_content_too(
    app: InMemoryApp, configure: Configure
) -> None:
    """SHOW_CONTENT=false hides the text of an unreadable message."""
    raw = Parked(at=app.clock(), code="not_json", message="not JSON", raw="dear Ana")
    await app.services.ledger.record(JOB, raw)
    discreet = configure(SHOW_CONTENT="false")
    for path in ("/api/messages", f"/api/messages/{JOB}"):
        assert b"dear Ana" not in (await discreet.get(path)).body


async def test_what_a_person_said_is_content_too(app: InMemoryApp, configure: Configure) -> None:
    """SHOW_CONTENT=false hides what people said and texted, not that they did."""
    name = (await app.post("/api/calls", {"to": TO[0], "say": "Hi"})).json["id"]
    fields = {"SpeechResult": "my secret", "Confidence": "0.9"}
    said = Noted(at=app.clock(), what="gather", key="k", fields=fields)
    await app.services.ledger.record(name, said)
    form = {"MessageSid": sid(0), "From": TO[0], "To": "+15005550006", "Body": "my secret"}
    await app.twilio("POST", "/api/webhooks/messages", form)
    person = {"number": TO[0]}
    entry = (await app.get(f"/api/calls/{name}")).json
    assert entry["results"][0]["speech"] == "my secret"
    [event] = (await app.post("/api/recipients/find", person)).json["inbound"]
    assert event["body"] == "my secret"
    discreet = configure(SHOW_CONTENT="false")
    hidden = await discreet.get(f"/api/calls/{name}")
    assert hidden.json["results"] == [{"verb": "gather", "at": entry["results"][0]["at"]}]
    found = await discreet.post("/api/recipients/find", person)
    assert [each["event"] for each in found.json["inbound"]] == ["message"]
    assert b"my secret" not in hidden.body + found.body


async def test_an_entry_known_by_its_claim_alone_is_shown(app: InMemoryApp) -> None:
    """A message whose accepted row was lost is shown from what its first claim repeats."""
    claim = Claim(at=app.clock(), n=1, accepted=accepted(TO[1]))
    await app.services.ledger.record(JOB, claim)
    entry = (await app.get(f"/api/messages/{JOB}")).json
    assert (entry["to"], entry["state"]) == (TO[1], "delivering")
