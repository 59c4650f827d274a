"""`/api/batches` through the app: what is answered, to JSON and to CSV."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from shared.jobs.job import Job, decode_queue_message
from shared.triggers.batches import MAX_BATCH_BYTES
from tests.clock import NOON
from tests.deliver.world import TO, numbers
from tests.in_memory_app import InMemoryApp, Reply

OTHERS = numbers(4)
HELLO = {"body": "Hello {{name}}"}


def people(*names: str) -> list[dict[str, str]]:
    return [{"to": to, "name": name} for to, name in zip(OTHERS, names, strict=False)]


async def post_csv(app: InMemoryApp, text: str, **query: str | list[str]) -> Reply:
    headers = {"Content-Type": "Text/CSV; charset=utf-8"}
    target = f"/api/batches?{urlencode({'code': 'local-key', **query}, doseq=True)}"
    return await app.ask("POST", target, text.encode(), headers)


def kept(app: InMemoryApp) -> list[Job]:
    found = [decode_queue_message(put.message) for put in app.queues.puts]
    return [each for each in found if isinstance(each, Job)]


async def test_a_batch_is_accepted(app: InMemoryApp) -> None:
    """The answer counts recipients, duplicates and skipped ones, and links to the batch."""
    recipients: list[Any] = [*people("Ann", "Bob"), people("Ann")[0], {"to": "x"}, TO]
    fields = {**HELLO, "recipients": recipients, "on_invalid": "skip"}
    reply = await app.post("/api/batches", fields)
    batch_id = reply.json["id"]
    assert reply.status == 202
    assert reply.headers["Location"] == f"/api/batches/{batch_id}"
    assert reply.json == {
        "id": batch_id,
        "count": 2,
        "duplicates": [{"line": 3, "to": OTHERS[0]}],
        "skipped": [
            {
                "line": line,
                "path": f"$.recipients[{line - 1}].{name}",
                "code": code,
                "message": reply.json["skipped"][n]["message"],
            }
            for n, (line, name, code) in enumerate(
                [
                    (4, "to", "invalid_number"),
                    (4, "name", "missing_value"),
                    (5, "to", "missing"),
                    (5, "name", "missing_value"),
                ]
            )
        ],
        "segments": 2,
        "links": {"self": f"/api/batches/{batch_id}"},
    }


async def test_a_csv_says_what_was_assumed_and_a_batch_its_name(app: InMemoryApp) -> None:
    """The answer names the separator; the list names the batch."""
    reply = await post_csv(app, f"to;name\n{TO};Ann\n", **HELLO, name="Spring")
    assert (reply.status, reply.json["assumed"]) == (202, ["semicolons between columns"])
    [listed] = (await app.get("/api/batches")).json["items"]
    assert listed["name"] == "Spring"


async def test_a_batch_is_shown(app: InMemoryApp) -> None:
    """A new batch has every name from the start, and nothing of its key."""
    metadata = {"order": "7"}
    fields = {**HELLO, "recipients": people("Ann", "Bob"), "metadata": metadata}
    accepted = await app.post("/api/batches", fields, Idempotency_Key="k")
    reply = await app.get(accepted.json["links"]["self"])
    assert (reply.status, reply.json) == (
        200,
        {
            "id": accepted.json["id"],
            "kind": "message",
            "lane": "bulk",
            "count": 2,
            "duplicates": 0,
            "skipped": 0,
            "accepted_at": "2026-11-21T12:00:00Z",
            "send_at": None,
            "metadata": metadata,
            "states": {"accepted": 2},
            "twilio_statuses": {},
            "failures": [],
            "rate": None,
            "estimated_end": None,
            "links": accepted.json["links"],
        },
    )
    (item,) = (await app.get("/api/batches")).json["items"]
    assert item["links"] == accepted.json["links"]
    assert (item["count"], item["metadata"], "key" in item) == (2, metadata, False)


async def test_every_bad_recipient_is_named_with_its_line(app: InMemoryApp) -> None:
    """400 carries path, code, message and line of each, and nothing is sent."""
    fields = {**HELLO, "recipients": [*people("Ann"), {"to": "+1", "name": "B"}, {"to": TO}]}
    reply = await app.post("/api/batches", fields)
    assert reply.status == 400
    assert [(e["path"], e["code"], e["line"]) for e in reply.json["errors"]] == [
        ("$.recipients[1].to", "invalid_number", 2),
        ("$.recipients[2].name", "missing_value", 3),
    ]
    assert app.queues.puts == []


@pytest.mark.parametrize("given", [None, {}, "x"])
async def test_recipients_must_be_a_list(app: InMemoryApp, given: object) -> None:
    """Recipients that are missing or of another shape are one problem, beside the others."""
    reply = await app.post("/api/batches", {**HELLO, "recipients": given})
    assert reply.errors == [("$.recipients", "wrong_type")]
    reply = await app.post("/api/batches", {**HELLO, "boby": given})
    assert reply.errors == [("$.boby", "unknown_field"), ("$.recipients", "missing")]


async def test_a_csv_and_its_query_are_a_batch(app: InMemoryApp) -> None:
    """The query has the other fields, objects as JSON; columns that no text names are ignored."""
    csv = f"to,name,age\r\n{OTHERS[0]},Ann,7\r\n\r\n{OTHERS[0]},Ann,7\r\n{OTHERS[1]},=1+1,8\r\n"
    query = {
        "body": "{{name}}, hello",
        "metadata": '{"order": "7"}',
        "send_at": "2026-11-22T12:00:00Z",
        "receipts": "false",
        "lane": "now",
    }
    reply = await post_csv(app, csv, **query)
    assert reply.status == 202, reply.body
    assert reply.json["duplicates"] == [{"line": 4, "to": OTHERS[0]}]
    app.clock.move(days=1)
    assert await app.services.ledger.schedule.release(app.queues, app.clock) == 1
    (job,) = kept(app)
    accepted = job.accepted
    assert accepted.values == ({"name": "Ann"}, {"name": "=1+1"})
    assert (accepted.metadata, accepted.send_at) == ({"order": "7"}, NOON + timedelta(days=1))
    assert (accepted.receipts, accepted.lane) == (False, "now")


@pytest.mark.parametrize(
    ("text", "query", "problems"),
    [
        ("name\nAnn\n", HELLO, [("$", "no_to_column", 1)]),
        (f"to\n{TO}\n{OTHERS[0]}\n", HELLO,
         [("$.name", "missing_value", 1)]),
        (f"to,name\n{TO},Ann,x\n{TO}1,Bob\n", HELLO,
         [("$", "too_many_cells", 2), ("$.to", "invalid_number", 3)]),
        (f'to,name\n{TO},"A\nB"\n1,C\n', HELLO, [("$.to", "invalid_number", 4)]),
        (f"to,name\n{TO},{'x' * 1_000_000}\n", HELLO, [("$.name", "too_long", 2)]),
        (f"to\n{TO}\n", {"body": "Hi", "metadata": "{oops"}, [("$.metadata", "wrong_type", None)]),
        (f"to\n{TO}\n", {"body": "Hi", "boby": "x"}, [("$.boby", "unknown_field", None)]),
        (f"to\n{TO}\n", {}, [("$.kind", "not_one_of", None)]),
        (f"to,name\n{TO},\n", HELLO, [("$.name", "missing_value", 2)]),
        (f"to\n{TO}\n", {"body": "Hi", "recipients": "x"},
         [("$.recipients", "unknown_field", None)]),
        (f"to\n{TO}\n", {"body": ["Hi", "Ho"], "lane": ["now", "now"]},
         [("$.body", "wrong_type", None), ("$.lane", "wrong_type", None)]),
        (f"to\n{TO}\n", {"body": "Hi", "metadata": ['{"a": "b"}'] * 2},
         [("$.metadata", "wrong_type", None)]),
        ("name\nAnn\n", {**HELLO, "boby": "x", "on_invalid": "ignore"},
         [("$.on_invalid", "not_one_of", None), ("$.boby", "unknown_field", None),
          ("$", "no_to_column", 1)]),
    ],
)  # fmt: skip
async def test_a_bad_csv_is_refused(
    app: InMemoryApp, text: str, query: dict[str, Any], problems: list[tuple[str, str, int | None]]
) -> None:
    """Each problem is named, with the line that an editor shows."""
    reply = await post_csv(app, text, **query)
    assert reply.status == 400
    assert [(e["path"], e["code"], e.get("line")) for e in reply.json["errors"]] == problems
    assert app.queues.puts == []


@pytest.mark.parametrize("text", ["[1]", '{"a": 1}', "{{name}} [x]", "7", "true"])
async def test_a_text_in_a_query_is_a_text(app: InMemoryApp, text: str) -> None:
    """A body that happens to be JSON is sent as it was written."""
    assert (await post_csv(app, f"to,name\n{TO},Ann\n", body=text)).status == 202
    assert json.loads(bytes(kept(app)[0].accepted.request))["body"] == text


async def test_a_query_that_is_not_utf_8_is_refused(app: InMemoryApp) -> None:
    """A text in another encoding is not sent to everybody with its letters lost."""
    target = "/api/batches?code=local-key&body=caf%E9"
    reply = await app.ask("POST", target, f"to\n{TO}\n".encode(), {"Content-Type": "text/csv"})
    assert reply.errors == [("$.body", "not_text")]


@pytest.mark.parametrize("several", [["a", "b"], ['["a", "b"]']])
async def test_a_query_can_name_several_pictures(app: InMemoryApp, several: list[str]) -> None:
    """Each by itself, or all as JSON: none is left out."""
    links = [text.replace("a", "https://x.example/a").replace("b", "https://x.example/b")
             for text in several]  # fmt: skip
    assert (await post_csv(app, f"to\n{TO}\n", media_url=links)).status == 202
    media = json.loads(bytes(kept(app)[0].accepted.request))["media_url"]
    assert media == ["https://x.example/a", "https://x.example/b"]


@pytest.mark.parametrize("media_type", ["text/csv", "application/json"])
async def test_a_body_that_is_too_large_is_413(app: InMemoryApp, media_type: str) -> None:
    """One byte beyond 32 MiB is refused before it is read."""
    body = b" " * (MAX_BATCH_BYTES + 1)
    reply = await app.ask("POST", "/api/batches?body=Hi", body, {"Content-Type": media_type})
    assert reply.status == 413


@pytest.mark.parametrize("name", ["x", "zbpn7196bfzff9kh2444pa"])
async def test_a_batch_that_is_not_there_is_404(app: InMemoryApp, name: str) -> None:
    """An invalid or unknown id is not found by any method."""
    assert (await app.get(f"/api/batches/{name}")).status == 404
    assert (await app.ask("DELETE", f"/api/batches/{name}")).status == 404
    assert (await app.post(f"/api/batches/{name}/retry", {})).status == 404


async def test_the_newest_batches_come_first(app: InMemoryApp) -> None:
    """The list shows twenty, across days, the newest first."""
    names = []
    for _ in range(22):
        app.clock.move(hours=5)
        reply = await app.post("/api/batches", {"body": "Hi", "recipients": [{"to": TO}]})
        names.append(reply.json["id"])
    listed = (await app.get("/api/batches")).json
    assert [item["id"] for item in listed["items"]] == names[:1:-1]
    assert listed["next"] is None


async def test_json_and_csv_of_one_meaning_are_one_batch(app: InMemoryApp) -> None:
    """The same key stands for the same recipients and text, however they are written."""
    fields = {**HELLO, "recipients": [{"to": TO, "name": 7}]}
    first = await app.post("/api/batches", fields, Idempotency_Key="k")
    again = await app.ask(
        "POST",
        f"/api/batches?{urlencode(HELLO)}",
        f"to,name\n{TO},7\n".encode(),
        {"Content-Type": "text/csv", "Idempotency-Key": "k"},
    )
    assert (again.status, again.body) == (202, first.body)
    assert json.loads(again.body)["count"] == 1


async def test_another_content_type_is_refused(app: InMemoryApp) -> None:
    """A batch is JSON or CSV; an answer to anything else names both."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = await app.ask("POST", "/api/batches", b"to=1", form)
    assert (reply.status, reply.json["title"]) == (415, "The content type is not supported")
    assert "application/json" in reply.json["detail"]
    assert "text/csv" in reply.json["detail"]


async def test_a_list_of_batches_takes_no_parameters(app: InMemoryApp) -> None:
    """A parameter that would do nothing is refused, but for Azure's key."""
    assert (await app.get("/api/batches?code=k")).status == 200
    reply = await app.get("/api/batches?limit=5")
    assert (reply.status, reply.errors) == (400, [("$.limit", "unknown_parameter")])
