"""Cancel and retry of messages and calls, through the app's own routes."""

import pytest

from shared.jobs.events import Answer, Claim, Outcome
from shared.kinds import Kind
from tests.deliver.twilio_double import TwilioDouble
from tests.deliver.world import fields_of
from tests.in_memory_app import InMemoryApp

KINDS: list[Kind] = ["message", "call"]
NOBODY_HAS_THIS = "zbpn7196bfzff9kh2444pa"


@pytest.fixture
def twilio(app: InMemoryApp) -> TwilioDouble:
    app.services.provider = twilio = TwilioDouble(app.clock)
    return twilio


async def accepted(app: InMemoryApp, kind: Kind, count: int = 1) -> str:
    reply = await app.post(f"/api/{kind}s", fields_of(kind, count))
    return str(reply.json["id"])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_cancel_answers_with_the_entry(
    app: InMemoryApp, twilio: TwilioDouble, kind: Kind
) -> None:
    """The answer shows it canceled, as a GET does; a second DELETE does too; nothing is sent."""
    name = await accepted(app, kind)
    reply = await app.ask("DELETE", f"/api/{kind}s/{name}")
    assert (reply.status, reply.json["state"]) == (200, "canceled")
    assert reply.json == (await app.get(f"/api/{kind}s/{name}")).json
    assert (await app.ask("DELETE", f"/api/{kind}s/{name}")).body == reply.body
    await app.deliver()
    assert twilio.asked == 0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_retry_answers_with_the_entry(
    app: InMemoryApp, twilio: TwilioDouble, kind: Kind
) -> None:
    """The answer shows it accepted again, under a key byte for byte; then it is sent."""
    twilio.script.append("refused")
    name = await accepted(app, kind)
    await app.deliver()
    path = f"/api/{kind}s/{name}/retry"
    reply = await app.post(path, {}, Idempotency_Key="k")
    assert (reply.status, reply.json["state"], reply.json["id"]) == (202, "accepted", name)
    await app.deliver()
    assert (await app.post(path, {}, Idempotency_Key="k")).body == reply.body
    assert (await app.get(f"/api/{kind}s/{name}")).json["state"] == "handed_over"
    assert (await app.post(path, {})).status == 409
    assert (await app.post(path, {}, Idempotency_Key="")).status == 400


async def test_a_recipient_is_named_by_its_own_id(app: InMemoryApp, twilio: TwilioDouble) -> None:
    """One of a list is canceled, or retried, by itself; the job's id means all of them."""
    name = await accepted(app, "message", 2)
    one = await app.ask("DELETE", f"/api/messages/{name}-1")
    assert (one.json["id"], one.json["state"]) == (f"{name}-1", "canceled")
    twilio.script.append("refused")
    await app.deliver()
    again = await app.post(f"/api/messages/{name}/retry", {})
    states = [each["state"] for each in again.json["deliveries"]]
    assert states == ["accepted", "canceled"]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_there_is_404(app: InMemoryApp, kind: Kind) -> None:
    """Neither an invalid or unknown id, nor one of the other kind, nor a recipient too many."""
    other = await accepted(app, "call" if kind == "message" else "message")
    own = await accepted(app, kind)
    for name in ("x", NOBODY_HAS_THIS, other, f"{own}-1"):
        assert (await app.ask("DELETE", f"/api/{kind}s/{name}")).status == 404
        assert (await app.post(f"/api/{kind}s/{name}/retry", {})).status == 404


async def test_what_was_refused_is_over_until_it_is_retried(app: InMemoryApp) -> None:
    """A refused message cannot be canceled, and once retried it can."""
    name = await accepted(app, "message")
    await app.services.ledger.record(name, Claim(at=app.clock(), n=1))
    refused = Outcome(index=0, result="rejected", code="21211")
    await app.services.ledger.record(name, Answer(at=app.clock(), n=1, outcomes=(refused,)))
    assert (await app.ask("DELETE", f"/api/messages/{name}")).status == 409
    await app.post(f"/api/messages/{name}/retry", {})
    assert (await app.ask("DELETE", f"/api/messages/{name}")).json["state"] == "canceled"
