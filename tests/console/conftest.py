"""One running app for the browser tests of the console."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from threading import Thread

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from dev.azurite import connection_string
from dev.checkout import HERE
from shared.ledger.ledger import TABLE, Ledger
from shared.storage.azure_table import open_table
from tests.browser import browser, page
from tests.console.history import History
from tests.console.running_console import RunningConsole
from tests.dev.commands.running import IS_SET_UP, Running
from tests.environment import settings
from tests.storage_away import nobody

__all__ = ["browser", "console", "page"]

READ_ONLY_KEY = "a-key-that-may-only-look"
# Doubts are settled while a test waits; somebody on duty has a key of their own.
QUICK = {
    "RESOLVE_AFTER_SECONDS": "3",
    "TWILIO_TIMEOUT_SECONDS": "2",
    "CONSOLE_KEYS": json.dumps({"duty": READ_ONLY_KEY}),
}


@pytest.fixture(scope="session")
def console() -> Iterator[RunningConsole]:
    """The whole app with an hour of history in its ledger."""
    if not IS_SET_UP:
        pytest.skip("run `python3 dev test` once: sets it up")
    if (HERE.root / "local.settings.json").exists():
        pytest.skip("local.settings.json is in the way")
    with Running(HERE.root, settings=QUICK) as run:
        run.until("ready")
        log = Thread(target=run.until_the_end)  # a full pipe would stop the host
        log.start()
        ports = [int(run.shown(each).split(":")[2].split("/")[0]) for each in ("queue", "table")]
        storage = connection_string(*ports)
        history = History(datetime.now(UTC))
        history.write()
        asyncio.run(keep(history, storage))
        yield RunningConsole(run.shown("app"), run.shown("simulator"), storage, history)
        run.program.send_signal(signal.SIGTERM)
        log.join()


@pytest_asyncio.fixture(loop_scope="session")
async def lenient_page(browser: Browser) -> AsyncIterator[Page]:
    """A page that may ask for what the app refuses, which a browser writes down as an error."""
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


async def keep(history: History, storage: str) -> None:
    rows = open_table(settings(MESSAGE_STORAGE=storage), TABLE, nobody)
    await history.keep(Ledger(rows))
    await rows.close()
