"""`GET /api/health` tells the truth about settings, queue and table."""

import pytest

import function_app
from shared.app import App
from shared.errors import StorageUnavailableError
from tests.environment import ENVIRONMENT
from tests.in_memory_app import InMemoryApp

USABLE = {"settings": "usable", "queue": "usable", "table": "usable"}


async def lost() -> None:
    raise StorageUnavailableError("table: ServiceRequestError")


async def lost_lengths() -> dict[str, int]:
    raise StorageUnavailableError("queue: TimeoutError")


async def broken() -> None:
    raise RuntimeError("a bug")


async def test_all_is_well(app: InMemoryApp) -> None:
    """With queue and table there, everything is usable."""
    reply = await app.get("/api/health")
    assert reply.status == 200
    assert reply.json == {"status": "usable", "checks": USABLE}


async def test_what_is_away_is_named(app: InMemoryApp) -> None:
    """A table or a queue that does not answer makes it 503, and is the one that is named."""
    app.table.check = lost  # type: ignore[method-assign] # a table that is away
    reply = await app.get("/api/health")
    assert reply.status == 503
    assert reply.json == {
        "status": "not usable",
        "checks": USABLE | {"table": "table: ServiceRequestError"},
    }
    app.queues.lengths = lost_lengths  # type: ignore[method-assign] # a queue that is away
    checks = (await app.get("/api/health")).json["checks"]
    assert checks == {
        "settings": "usable",
        "queue": "queue: TimeoutError",
        "table": "table: ServiceRequestError",
    }


async def test_a_bug_in_a_check_is_no_outage(app: InMemoryApp) -> None:
    """An error that is no outage is answered as the bug that it is."""
    app.table.check = broken  # type: ignore[method-assign] # a check with a bug
    assert (await app.get("/api/health")).status == 500


@pytest.mark.parametrize("target", ["/api/health", "/api/messages", "/api/twiml/message"])
async def test_wrong_settings_are_named_at_every_door(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Health and the first request both say which settings are wrong, and show none's value."""
    wrong = {"TWILIO_ACCOUNT_SID": "", "RETENTION_DAYS": "canary",
             "TWILIO_AUTH_TOKEN": "@Microsoft.KeyVault(SecretUri=canary)"}  # fmt: skip
    monkeypatch.setattr(function_app, "switchboard", App(ENVIRONMENT | wrong))
    reply = await app.get(target)
    assert reply.status == 503
    assert [path for path, _ in reply.errors] == [
        "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "RETENTION_DAYS"]  # fmt: skip
    assert b"canary" not in reply.body
