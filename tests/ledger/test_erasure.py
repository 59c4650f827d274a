"""Erasing a person: what happened stays, to whom and what goes, and nothing more is sent."""

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs.alerts import Level, Notify, Raised
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
    decode,
)
from shared.jobs.job import VERSION, Job, decode_queue_message, encode_job
from shared.ledger import schema
from shared.ledger.alerts import Policy
from shared.ledger.batches import Batch
from shared.ledger.erasure import Person, erase, is_start, redact
from shared.ledger.opt_outs import OptOut
from shared.ledger.received import Note
from shared.storage.table import Row, just_after
from shared.triggers import timers
from tests.in_memory_app import InMemoryApp, Reply
from tests.ledger.histories import accepted as accepted_event

ANA, BO = "+14155552671", "+14165550123"


async def all_rows(app: InMemoryApp) -> list[Row]:
    """Every row of the table."""
    found: list[Row] = []
    partition = await app.table.next_partition("")
    while partition is not None:
        found += [row async for row in app.table.range(partition)]
        partition = await app.table.next_partition(just_after(partition))
    return found


async def everything(app: InMemoryApp) -> str:
    """All rows of the table, as one text."""
    return "\n".join(f"{row.key} {row.text}" for row in await all_rows(app))


async def erased(app: InMemoryApp, number: str = ANA, **more: object) -> Reply:
    """Erase a number as the API does."""
    return await app.post("/api/recipients/erase", {"number": number, **more})


async def accepted(app: InMemoryApp, fields: dict[str, Any]) -> str:
    reply = await app.post("/api/messages", fields)
    identity: str = reply.json["id"]
    return identity


async def test_a_person_is_gone_and_others_stay(app: InMemoryApp) -> None:
    """No row holds the number, its texts or its values; a list's other recipients stay."""
    alone = await accepted(app, {"to": ANA, "body": "only for her", "metadata": {"case": "7"}})
    words = {"ErrorMessage": f"cannot reach {ANA}"}
    await app.services.ledger.record(alone, Reported(at=app.clock(), status="failed", fields=words))
    shared = await accepted(app, {"to": [ANA, BO], "body": "for both"})
    await app.post(
        "/api/batches",
        {
            "body": "Hello {{name}}",
            "recipients": [{"to": ANA, "name": "Ana Ng"}, {"to": BO, "name": "Bo Li"}],
        },
    )
    await app.drop(f'{{"to": "{ANA}", "zip": 1}}'.encode())
    reply = await erased(app)
    assert reply.status == 200
    assert reply.json["next"] is None
    assert reply.json["canceled"] == 3
    left = await everything(app)
    for gone in (ANA, "only for her", "case", "Ana Ng"):
        assert gone not in left
    for stays in (BO, "Bo Li", "for both"):
        assert stays in left
    assert (await app.get(f"/api/messages/{alone}")).json["to"] == "erased"
    assert (await app.get(f"/api/messages/{shared}-1")).json["to"] == BO


async def test_what_was_waiting_is_never_sent(app: InMemoryApp) -> None:
    """A message that still stands on the queue with the number finds its claim taken."""
    await accepted(app, {"to": ANA, "body": "later"})
    await erased(app)
    await app.deliver()
    assert (await app.get("/api/messages")).json["items"][0]["state"] == "canceled"
    assert ANA not in await everything(app)


async def test_a_run_goes_on_where_the_last_one_ended(app: InMemoryApp) -> None:
    """A run that had enough says where to go on, and going on there ends it."""
    await accepted(app, {"to": ANA, "body": "today"})
    app.clock.move(days=1)
    await accepted(app, {"to": ANA, "body": "tomorrow"})

    async def cancel(*_: object) -> None:
        return None

    looks = iter([False, True])
    first = await erase(app.services.ledger, ANA, cancel=cancel, enough=lambda: next(looks))
    assert first.next is not None
    assert (first.rows, is_start(first.next)) == (1, True)
    assert (await erased(app, start=first.next)).json["rows"] == 1
    assert ANA not in await everything(app)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"number": "nobody"}, [("$.number", "invalid_number")]),
        ({"number": ANA, "start": "!"}, [("$.start", "malformed")]),
        ({}, [("$.number", "missing")]),
        ({"number": ANA, "begin": ""}, [("$.begin", "unknown_field")]),
        ({"number": 4}, [("$.number", "wrong_type")]),
    ],
)
async def test_what_cannot_be_erased_is_named(
    fields: dict[str, object], errors: list[tuple[str, str]], app: InMemoryApp
) -> None:
    """A text that is not a number, a place that is not one to go on from, and other fields."""
    reply = await app.post("/api/recipients/erase", fields)
    assert (reply.status, reply.errors) == (400, errors)


async def test_kept_answers_go_and_what_is_being_sent_is_counted(app: InMemoryApp) -> None:
    """An answer kept for a key goes; a send in flight is left whole, for another run."""
    ledger = app.services.ledger
    sent, sending = [await accepted(app, {"to": ANA, "body": body}) for body in ("a", "b")]
    for job_id in (sent, sending):
        entry = await ledger.find(job_id)
        assert entry is not None
        claim = Claim(at=app.clock(), n=1, until=app.clock(), accepted=entry.accepted)
        await ledger.record(job_id, claim)
    refused = Outcome(index=0, result="rejected", code="21610")
    await ledger.record(sent, Answer(at=app.clock(), n=1, outcomes=(refused,)))
    await app.post(f"/api/messages/{sent}/retry", {}, Idempotency_Key="again")
    await ledger.record(sent, Parked(at=app.clock(), k=1, code="x", message="x"))
    reply = await erased(app)
    assert reply.json["being_sent"] == 1
    entry = await ledger.find(sending)
    assert entry is not None
    assert entry.deliveries[0].to == ANA
    assert (await app.get(f"/api/messages/{sent}")).json["to"] == "erased"


async def test_a_number_that_no_numbering_plan_knows_is_erased(app: InMemoryApp) -> None:
    """Somebody on WhatsApp is erased by number, whatever the plans say of it."""
    number = "+5215512345678901"
    job = "zbpn7196bfzff9kh2444pa"
    event = accepted_event(f"whatsapp:{number}", at=app.clock())
    await app.services.ledger.record(job, event)
    reply = await erased(app, f"whatsapp:{number}")
    assert (reply.status, reply.json["canceled"]) == (200, 1)
    assert number not in await everything(app)


async def test_a_repeat_with_its_key_sends_nothing_to_somebody_who_was_erased(
    app: InMemoryApp,
) -> None:
    """The record of the key outlives the erasing, and so does the job that it stands for."""
    fields = {"to": ANA, "body": "Hi"}
    first = await app.post("/api/messages", fields, Idempotency_Key="k")
    await erased(app)
    again = await app.post("/api/messages", fields, Idempotency_Key="k")
    assert (again.status, again.json["id"]) == (202, first.json["id"])
    await app.deliver()
    entry = await app.services.ledger.find(first.json["id"])
    assert entry is not None
    assert (entry.deliveries[0].state, entry.attempts) == ("canceled", 0)


@pytest.mark.parametrize(
    "raw",
    [
        '{"to": "+1 (415) 555-2671", "x": 1}',
        "tel 415 555 2671",
        "0014155552671",
        "to=04155552671&body=Hi",
    ],
)
async def test_a_text_that_could_not_be_read_is_erased_in_any_notation(
    raw: str, app: InMemoryApp
) -> None:
    """What was parked unread and mentions the number goes, other texts stay."""
    await app.drop(raw.encode(), id="hers")
    await app.drop(b"tel 415 555 26712 or 2671", id="not hers")
    assert (await erased(app)).json["rows"] == 1
    items = (await app.get("/api/messages")).json["items"]
    assert sorted(item["raw"] for item in items) == ["erased", "tel 415 555 26712 or 2671"]


async def test_a_note_that_is_being_published_is_counted(app: InMemoryApp) -> None:
    """What a dead worker left behind is published first, and erased by the next run."""
    received = app.services.ledger.received
    text = json.dumps({"event": "message", "sid": "SM1", "from": ANA, "to": BO})
    await received.open(Note("0" * 64, app.clock(), "t", text), "message", ANA)
    assert (await erased(app)).json["being_sent"] == 1
    assert (await erased(app, "+14155552672")).json["being_sent"] == 0
    await received.close("0" * 64)
    assert (await erased(app)).json["being_sent"] == 0


async def write_one_of_everything(app: InMemoryApp, number: str, tag: str) -> None:
    """Write a row of every kind of the schema about a person; `tag` tells people apart."""
    ledger, at = app.services.ledger, app.clock()
    to = f"whatsapp:{number}"
    text = {"to": to, "body": f"hello {tag} at {number}"}
    event = accepted_event(to, at=at)
    batch = Batch(id=f"zbpn7196bfzff9{tag}zzzz", at=at, kind="message", lane="bulk", count=1,
                  jobs=1, duplicates=0, skipped=0,
                  metadata={"for": number, "case": tag})  # fmt: skip
    event = msgspec.structs.replace(
        event, request=msgspec.Raw(msgspec.json.encode(text)), values=({"name": f"name {tag}"},),
        metadata={"ref": f"ref {tag}"}, batch=batch.id,
        send_at=at + timedelta(hours=1),
    )  # fmt: skip
    job_id = f"zbpn7196bfzff9kh{tag}pa"
    outcomes = (Outcome(index=0, result="sent", sid=f"SM{tag}", message=f"to {number}"),)
    story: list[AnyEvent] = [
        event,
        Claim(at=at, n=1, token="t", accepted=event),
        Doubt(at=at, n=1, outcomes=(Outcome(index=0, result="unknown", message=number),)),
        Answer(at=at, n=1, outcomes=outcomes),
        Reported(at=at, status="failed", sid=f"SM{tag}", fields={
            "ErrorMessage": f"cannot reach {number}", "RecordingUrl": f"https://r.example/{tag}"}),
        Noted(at=at, what="gather", key="g", fields={"SpeechResult": f"I am {tag}", "Digits": "7"}),
        Retried(at=at, k=1, after=1, key=f"{tag}ab"),
    ]  # fmt: skip
    for each in story:
        assert await ledger.record(job_id, each)
    raw = Parked(at=at, code="shape", message="x", raw=f"call {number} {tag}")
    await ledger.record(f"zbpn7196bfzff9rw{tag}pa", raw)
    await ledger.batches.begin(batch)
    await ledger.table.insert(Row(schema.KEYS.place(tag[:2]), f"{tag}ab", "{}"))
    await ledger.keep_answer(f"{tag}ab", f"sent to {number}".encode())
    stop = OptOut(at=at, number=number, sender="MG1", says="stop", sid=f"SM{tag}")
    await ledger.opt_outs.note(stop)
    digest = ledger.digests.of(number)
    await ledger.table.insert(Row(schema.CAPS.place("20261121", "to", "0"), f"{digest}.0", job_id))
    fields = {"event": "message", "sid": f"SM{tag}", "from": to, "to": "+15005550006", "at": at,
              "body": f"said by {tag}"}  # fmt: skip
    note = Note(f"{tag}" * 16, at, "t", msgspec.json.encode(fields).decode())
    assert await ledger.received.open(note, "message", to)
    assert await ledger.received.is_first(note, to)
    await ledger.received.close(note.name)
    await ledger.table.insert(Row(schema.LATE.place("20261121T1200"), job_id, ""))
    await ledger.table.insert(Row(schema.LATE_CALLS.place("20261121T12"), job_id, ""))
    await ledger.table.insert(Row(schema.OWNERS.place("20261121T1200"), f"SM{tag}", f"{job_id}-0"))
    await ledger.marks.set(at)
    await ledger.table.insert(Row(schema.SWEPT.place(), job_id, ""))
    message = encode_job(Job(v=VERSION, job=job_id, accepted=event))
    await ledger.schedule.add(at + timedelta(hours=1), job_id, "outbound", message)
    levels = (Level(notify=[Notify(to=to, by="text")], wait=60),)
    alert_id = f"zbpn0196bfzff9al{tag}pa"
    raised = Raised(at=at, text=f"call {number}", number=1, token=tag, levels=levels)
    assert await ledger.alerts.record(alert_id, raised)
    await ledger.alerts.hold_key(tag, 1, alert_id)
    await ledger.alerts.note_person(to, alert_id)
    await ledger.alerts.take_number(alert_id)
    await ledger.alerts.put_policy(tag, Policy(levels=levels))


@pytest.mark.parametrize("longer_goes", [False, True])
async def test_of_two_people_with_alike_numbers_one_is_erased(
    longer_goes: bool,  # noqa: FBT001 - a parameter
    app: InMemoryApp,
) -> None:
    """Of two whose numbers begin alike, all of one goes from every partition, none of the other."""
    short, long = "+493090182", "+49309018212"
    goes, stays = (long, short) if longer_goes else (short, long)
    await write_one_of_everything(app, stays, "stys")
    before = set(await all_rows(app))
    kinds = {row.partition.partition("-")[0] for row in before if row.partition[0] == "~"}
    named = {rows.name for rows in schema.EVERYTHING if rows.name and not rows.beside}
    assert named <= kinds | {schema.NOTES.name, schema.OPT_OUTS.name}
    beside = {row.key.partition(".")[0] for row in before if row.key[0] == "~"}
    assert beside == {rows.name for rows in schema.EVERYTHING if rows.name and rows.beside}
    await write_one_of_everything(app, goes, "gnes")
    hers = set(await all_rows(app)) - before
    reply = await erased(app, goes)
    assert reply.json["being_sent"] == 0
    after = set(await all_rows(app))
    assert before <= after
    left = after - before
    texts = "\n".join(f"{row.partition} {row.key} {row.text}" for row in left)
    for gone in (goes, goes[3:], "hello", "name ", "ref ", "I am", '"7"', "said by", "r.example"):
        assert gone not in texts, gone
    digest = app.services.ledger.digests.of(goes)
    with_digest = {row.partition.partition("-")[0] for row in left if digest in row.key + row.text}
    assert with_digest == {"~opt", "~cap", "~came"}
    gone_keys = {(row.partition, row.key) for row in hers} - {(r.partition, r.key) for r in left}
    assert {key.partition(".")[0] for _, key in gone_keys} == {
        "~to", "~from", "~at", "00000000", "gnesab",
        app.services.ledger.digests.of(f"whatsapp:{goes}"),
    }  # fmt: skip
    assert (await erased(app, goes)).json == {
        "rows": 0, "canceled": 0, "being_sent": 0, "next": None,
    }  # fmt: skip


async def test_an_erasing_that_dies_anywhere_is_completed_by_the_next(app: InMemoryApp) -> None:
    """The index row goes last, so whatever a run left is found again."""
    replace, left = app.table.replace, [0]

    async def dies(row: Row) -> bool:
        if left[0] == 0:
            raise RuntimeError
        left[0] -= 1
        return await replace(row)

    await write_one_of_everything(app, ANA, "gnes")
    app.table.replace = dies  # type: ignore[method-assign]  # a worker that ends
    deaths = 0
    while deaths < 20 and (await erased(app)).status == 500:
        deaths, left[0] = deaths + 1, 1
    assert 5 < deaths < 20
    text = await everything(app)
    for gone in (ANA, "hello", "I am", "name ", "ref "):
        assert gone not in text


async def test_a_pointer_to_what_is_gone_goes_too(app: InMemoryApp) -> None:
    """An index row whose job was forgotten leads nowhere, and is deleted."""
    job = await accepted(app, {"to": ANA, "body": "Hi"})
    await app.table.delete(job[:5], [f"{job[5:]}.accepted"])
    assert (await erased(app)).json["rows"] == 0
    assert await all_rows(app) == []


numbers = st.from_regex(r"\+[1-9][0-9]{6,11}", fullmatch=True)


@given(numbers, st.from_regex("[0-9]{1,3}", fullmatch=True), st.booleans())
def test_a_number_is_not_in_a_longer_one(
    number: str,
    more: str,
    behind: bool,  # noqa: FBT001 - drawn
) -> None:
    """Of two numbers of which one begins or ends the other, erasing one leaves the other whole."""
    other = number + more if behind else f"+{more}{number[1:]}"
    event = accepted_event(number, f"whatsapp:{other}")
    body = {"to": [number, other], "body": f"{number}, whatsapp:{other} and {number[1:]}"}
    event = msgspec.structs.replace(event, request=msgspec.Raw(msgspec.json.encode(body)))
    kept = decode(redact(event, Person(number), {0}))
    assert kept == msgspec.structs.replace(
        event,
        to=("erased", f"whatsapp:{other}"),
        request=kept.request,  # type: ignore[union-attr]
    )
    assert json.loads(bytes(kept.request)) == {
        "to": ["erased", other],
        "body": f"erased, whatsapp:{other} and erased",
    }


def test_places_to_go_on_from() -> None:
    """A run goes on from the beginning or from a day, and from nothing else."""
    assert is_start("")
    assert is_start("zbpn")
    assert not any(map(is_start, ("zbp", "zbpn7", "~key", "ZBPN", "zbpn\n")))


async def test_of_a_list_that_is_scheduled_one_person_goes(app: InMemoryApp) -> None:
    """The scheduled job stays for the other one, without the person, and is sent to that one."""
    send_at = (app.clock() + timedelta(hours=1)).isoformat()
    job = await accepted(app, {"to": [ANA, BO], "body": "for both", "send_at": send_at})
    assert (await erased(app)).json["canceled"] == 1
    assert ANA not in await everything(app)
    app.clock.move(hours=1)
    await timers.release_scheduled(app.services)
    [put] = app.queues.take("outbound")
    assert ANA.encode() not in put.message
    held = decode_queue_message(put.message)
    assert isinstance(held, Job)
    assert (held.job, held.accepted.to) == (job, ("erased", BO))


async def test_what_nobody_waits_for_any_more_leaves_the_schedule(app: InMemoryApp) -> None:
    """A scheduled message to that person alone is canceled, and its row is gone."""
    send_at = (app.clock() + timedelta(hours=1)).isoformat()
    await accepted(app, {"to": ANA, "body": "for her", "send_at": send_at})
    assert (await erased(app)).json["canceled"] == 1
    app.clock.move(hours=1)
    await timers.release_scheduled(app.services)
    assert app.queues.take("outbound") == []
