"""The real things that tests run against, and the app with storage and Twilio in memory."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import hypothesis
import pytest

import function_app
from dev.azurite import azurite, is_installed
from dev.host.application import IndexedFunction, index
from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock as SimulatedClock
from dev.simulator.server import serve
from shared.app import App
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from tests.clock import Clock
from tests.deliver.twilio_double import TwilioDouble
from tests.environment import ACCOUNT_SID, AUTH_TOKEN, ENVIRONMENT, NOBODY, SENDER
from tests.in_memory_app import Configure, InMemoryApp

# Fixtures that start a server, a browser or a process: a test that takes one is slow.
REAL = frozenset(
    {"storage", "own_storage", "simulator", "site", "browser", "console", "running_app"}
)

# A busy machine is slow, not wrong: no test is about how long something takes.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile(
    "quick", hypothesis.settings.get_profile("patient"), max_examples=20
)
hypothesis.settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples of each law where the slow tests are left out."""
    if config.option.markexpr == "not slow":
        hypothesis.settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that takes something real as slow, and begin with what takes longest."""
    for item in items:
        if isinstance(item, pytest.Function) and not REAL.isdisjoint(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    """Where a test stands: quick ones come last, so that both workers end at the same time.

    Those that share a server or the browser stay together, so that mostly one worker starts it.
    """
    if item.get_closest_marker("longest"):
        return 0
    fixtures = item.fixturenames if isinstance(item, pytest.Function) else ()
    if "browser" in fixtures or "console" in fixtures:
        return 1 if "console" in fixtures else 2
    return 3 if item.get_closest_marker("slow") else 4


@pytest.fixture(scope="session")
def storage() -> Iterator[str]:
    """The connection string of an Azurite that runs for the whole session."""
    if not is_installed():
        why = "Azurite is not installed: `python3 dev test` does that"
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    with azurite() as connection_string:
        yield connection_string


@dataclass(frozen=True)
class Simulator:
    """A Twilio simulator that serves at `url`; `exchange` is what it knows and does."""

    url: str
    exchange: Exchange

    def posts(self) -> list[str]:
        """The form of every POST that it was sent, in order, whatever became of it."""
        events = self.exchange.journal.after(0)
        return [str(e["form"]) for e in events if e["kind"] == "request" and e["method"] == "POST"]


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """A Twilio simulator of one test's own."""
    account = Account(sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, number=SENDER, app_url=NOBODY)
    exchange = Exchange(
        account,
        clock=SimulatedClock(speed=400, patience=40, step=0.005),
        count_segments=count_segments,
    )
    async with serve(exchange) as url:
        yield Simulator(url, exchange)


@pytest.fixture(scope="session")
def functions() -> list[IndexedFunction]:
    """Every function of the app, found as the host finds them, which works only once."""
    return index()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(
    functions: list[IndexedFunction], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> InMemoryApp:
    """The app with storage and Twilio in memory and a clock that stands."""
    services = App(ENVIRONMENT, now=clock)
    services.table, services.queues = table, queues = MemoryTable(), MemoryQueues()
    services.provider = TwilioDouble(clock)
    monkeypatch.setattr(function_app, "switchboard", services)
    return InMemoryApp(
        functions=functions, services=services, table=table, queues=queues, clock=clock
    )


@pytest.fixture
def configure(app: InMemoryApp, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give the app other settings, by name; its table, queues and clock stay."""

    def with_settings(**settings: str) -> InMemoryApp:
        services = App(ENVIRONMENT | settings, now=app.clock)
        services.table, services.queues = app.table, app.queues
        services.provider = app.services.provider
        monkeypatch.setattr(function_app, "switchboard", services)
        return replace(app, services=services)

    return with_settings
