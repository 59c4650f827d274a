"""What a list of messages can be narrowed by."""

from datetime import timedelta

import pytest

from shared.jobs.events import Answer, Claim, Outcome, Reported
from tests.clock import NOON
from tests.in_memory_app import InMemoryApp

TO = ("+14155552671", "+14165550123")


async def went(app: InMemoryApp, to: str, *outcomes: Outcome, status: str | None = None) -> str:
    """Accept a message a minute later, and let it come to something."""
    app.clock.move(minutes=1)
    name = str((await app.post("/api/messages", {"to": to, "body": "Hi"})).json["id"])
    ledger = app.services.ledger
    if outcomes:
        await ledger.record(name, Claim(at=app.clock(), n=1))
        await ledger.record(name, Answer(at=app.clock(), n=1, outcomes=outcomes))
    if status:
        await ledger.record(name, Reported(at=app.clock(), status=status, sid=outcomes[0].sid))
    return name


async def test_each_filter_chooses_and_all_of_them_together(app: InMemoryApp) -> None:
    """SID, status, error code and state each choose, several words of one choose any of them."""
    sent = await went(app, TO[0], Outcome(index=0, result="sent", sid="SM1"), status="delivered")
    lost = await went(app, TO[1], Outcome(index=0, result="sent", sid="SM2"), status="undelivered")
    refused = await went(app, TO[0], Outcome(index=0, result="rejected", code="21211"))
    waits = await went(app, TO[0])

    async def listed(query: str) -> list[str]:
        return [item["id"] for item in (await app.get(f"/api/messages?{query}")).json["items"]]

    assert await listed("sid=SM1") == [sent]
    assert await listed("twilio_status=delivered") == [sent]
    assert await listed("twilio_status=undelivered,delivered") == [lost, sent]
    assert await listed("error=21211") == [refused]
    assert await listed("state=refused,accepted") == [waits, refused]
    assert await listed("error=21211&to=%2B14155552671&state=refused") == [refused]
    assert await listed("error=21211&sid=SM1") == []


async def test_times_bound_the_list(app: InMemoryApp) -> None:
    """`since` and `until` take in what was accepted in that very moment, and nothing outside."""
    first, second, third = [await went(app, TO[0]) for _ in range(3)]
    at = [f"{NOON + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}" for n in range(5)]

    async def listed(query: str) -> list[str]:
        return [item["id"] for item in (await app.get(f"/api/messages?{query}")).json["items"]]

    assert await listed(f"since={at[2]}") == [third, second]
    assert await listed(f"until={at[2]}") == [second, first]
    assert await listed(f"since={at[2]}&until={at[2]}") == [second]
    assert await listed("until=2026-11-21T14:01:00+02:00") == [first]
    assert await listed("until=9999-01-01T00:00:00Z") == [third, second, first]
    assert await listed("until=0001-01-02T00:00:00Z") == []
    page = (await app.get(f"/api/messages?until={at[2]}&limit=1")).json
    follows = await listed(f"until={at[2]}&limit=1&cursor={page['next']}")
    assert [page["items"][0]["id"], *follows] == [second, first]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("since=yesterday", [("$.since", "malformed")]),
        ("until=2026-11-21T12:00:00", [("$.until", "malformed")]),
        ("state=accepted,lost", [("$.state", "not_one_of")]),
        ("since=&until=x&limit=0",
         [("$.since", "malformed"), ("$.until", "malformed"), ("$.limit", "out_of_range")]),
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_named(
    app: InMemoryApp, query: str, errors: list[tuple[str, str]]
) -> None:
    """A time without an offset or a state that there is not is 400, with its name."""
    reply = await app.get(f"/api/messages?{query}")
    # An empty value reaches a function only where the host keeps it; this one does not.
    assert (reply.status, reply.errors) in [(400, errors), (400, errors[1:])]
