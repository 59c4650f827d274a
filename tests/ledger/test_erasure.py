"""Erasing a person: what happened stays, to whom and what goes, and nothing more is sent."""

from typing import Any

import pytest

from shared.jobs.events import Answer, Claim, Outcome, Parked, Reported
from shared.ledger.erasure import erase, is_start
from tests.in_memory_app import InMemoryApp

ANA, BO = "+14155552671", "+14165550123"


async def everything(app: InMemoryApp) -> str:
    """All rows of the table, as one text."""
    found, partition = [], await app.table.next_partition("")
    while partition is not None:
        found += [f"{row.key} {row.text}" async for row in app.table.range(partition)]
        partition = await app.table.next_partition(f"{partition}!")
    return "\n".join(found)


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
    reply = await app.ask("DELETE", f"/api/recipients/{ANA}")
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
    await app.ask("DELETE", f"/api/recipients/{ANA}")
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
    assert (await app.ask("DELETE", f"/api/recipients/{ANA}?start={first.next}")).json["rows"] == 1
    assert ANA not in await everything(app)


@pytest.mark.parametrize(
    ("target", "path"),
    [("/api/recipients/nobody", "$.number"), (f"/api/recipients/{ANA}?start=!", "$.start")],
)
async def test_what_is_no_number_or_no_place(target: str, path: str, app: InMemoryApp) -> None:
    """A text that is no number, or no place to go on from, is named."""
    reply = await app.ask("DELETE", target)
    assert (reply.status, reply.errors[0][0]) == (400, path)


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
    reply = await app.ask("DELETE", f"/api/recipients/{ANA}")
    assert reply.json["being_sent"] == 2
    entry = await ledger.find(sending)
    assert entry is not None
    assert entry.deliveries[0].to == ANA
    assert (await app.get(f"/api/messages/{sent}")).json["to"] == "erased"
