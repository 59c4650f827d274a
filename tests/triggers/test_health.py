"""`GET /api/health` tells the truth about settings, queue and table."""

import asyncio

import pytest

import function_app
from shared.app import App
from shared.errors import StorageUnavailableError
from shared.provider.probe import Probed
from shared.storage.checks import TIMEOUT_SECONDS, StorageChecks
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON, Clock
from tests.environment import ENVIRONMENT
from tests.in_memory_app import Configure, InMemoryApp

USABLE = {"settings": "usable", "queue": "usable", "table": "usable", "twilio": "usable"}


class Probe:
    """What the app knows of Twilio, and how often it was asked."""

    def __init__(self) -> None:
        self.answers = True
        self.asked = 0

    async def __call__(self) -> Probed:
        self.asked += 1
        return Probed(NOON, self.answers)


@pytest.fixture(autouse=True)
def probe(app: InMemoryApp) -> Probe:
    """A Twilio that answers until a test says otherwise."""
    probe = Probe()
    app.services.probe = probe  # type: ignore[assignment] # all of it that is asked for
    return probe


async def lost() -> None:
    raise StorageUnavailableError("table: ServiceRequestError")


async def lost_lengths() -> dict[str, int]:
    raise StorageUnavailableError("queue: TimeoutError")


async def broken() -> None:
    raise RuntimeError("a bug")


async def test_all_is_well(app: InMemoryApp) -> None:
    """While queue, table and Twilio answer, everything is usable."""
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
    app.clock.move(seconds=5)
    app.queues.lengths = lost_lengths  # type: ignore[method-assign] # a queue that is away
    checks = (await app.get("/api/health")).json["checks"]
    assert checks == {
        "settings": "usable",
        "queue": "queue: TimeoutError",
        "table": "table: ServiceRequestError",
        "twilio": "usable",
    }


async def test_a_silent_twilio_is_named_and_does_not_decide(app: InMemoryApp, probe: Probe) -> None:
    """While Twilio is silent the app still accepts, so that it stays usable."""
    probe.answers = False
    reply = await app.get("/api/health")
    assert (reply.status, reply.json["status"]) == (200, "usable")
    silent = "did not answer at 12:00:00 UTC; what is accepted waits until it does"
    assert reply.json["checks"] == USABLE | {"twilio": silent}


async def test_doubtful_settings_are_named(
    app: InMemoryApp, configure: Configure, probe: Probe
) -> None:
    """What is probably misspelt is a warning beside the checks, without its value."""
    assert "warnings" not in (await app.get("/api/health")).json
    doubtful = configure(TWILIO_FORM_NUMBER="canary")
    doubtful.services.probe = probe  # type: ignore[assignment] # all of it that is asked for
    reply = await doubtful.get("/api/health")
    assert (reply.status, reply.json["checks"]) == (200, USABLE)
    assert reply.json["warnings"] == [
        {
            "path": "TWILIO_FORM_NUMBER",
            "code": "unknown",
            "message": "is not a setting; did you mean TWILIO_FROM_NUMBER?",
        }
    ]
    assert b"canary" not in reply.body


async def test_an_answer_is_reused_for_a_few_seconds(app: InMemoryApp) -> None:
    """However often health is asked, storage is asked once in five seconds."""
    asked = []
    check = app.table.check

    async def counted() -> None:
        asked.append(app.clock())
        await check()

    app.table.check = counted  # type: ignore[method-assign] # a table that counts
    for _ in range(12):
        assert (await app.get("/api/health")).status == 200
        app.clock.move(seconds=1)
    assert [(each - asked[0]).total_seconds() for each in asked] == [0, 5, 10]


async def test_a_table_that_is_silent_is_not_waited_for() -> None:
    """Health gives up long before storage does, and says what it waited for."""

    async def silent() -> None:
        await asyncio.Event().wait()

    table = MemoryTable()
    table.check = silent  # type: ignore[method-assign] # a table that never answers
    checks = StorageChecks(MemoryQueues(), table, Clock(), timeout=0.01)
    assert await checks.run() == {
        "queue": "usable",
        "table": "table: no answer within 0.01 seconds",
    }
    assert TIMEOUT_SECONDS < 3


async def test_a_bug_in_a_check_is_not_an_outage(app: InMemoryApp) -> None:
    """An error that is not an outage is answered as an internal error."""
    app.table.check = broken  # type: ignore[method-assign] # a check with a bug
    assert (await app.get("/api/health")).status == 500


@pytest.mark.parametrize("target", ["/api/health", "/api/messages", "/api/twiml/message"])
async def test_wrong_settings_are_named_by_every_route(
    app: InMemoryApp, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    """Health and the first request both name the wrong settings, without their values."""
    wrong = {"TWILIO_ACCOUNT_SID": "", "RETENTION_DAYS": "canary",
             "TWILIO_AUTH_TOKEN": "@Microsoft.KeyVault(SecretUri=canary)"}  # fmt: skip
    monkeypatch.setattr(function_app, "switchboard", App(ENVIRONMENT | wrong))
    reply = await app.get(target)
    assert reply.status == 503
    assert [path for path, _ in reply.errors] == [
        "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "RETENTION_DAYS"]  # fmt: skip
    assert b"canary" not in reply.body
