"""The app and the simulator as `python3 dev run` runs them, and the console in a browser."""

# ruff: noqa: S310 - addresses on this machine

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from playwright.async_api import Page, expect

from dev.local_settings import FUNCTION_KEY
from tests.dev.commands.processes import wait_until
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.console.history import History

ALERT = "Disk full on web-3"


@dataclass(frozen=True)
class RunningConsole:
    """Where the app, the simulator and storage are, and the hour that the ledger was given."""

    app: str
    simulator: str
    storage: str
    history: History

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask the app, with the key."""
        return _ask(method, f"{self.app}/{path}", body)

    def faults(self, **order: object) -> None:
        """Order what goes wrong at Twilio; nothing ends it."""
        _ask("PUT", f"{self.simulator}_simulator/faults", order)

    def phone(self, number: str, **behaves: object) -> None:
        """Say how somebody's phone behaves."""
        _ask("PUT", f"{self.simulator}_simulator/phones/{number}", behaves)

    def alert(self, *levels: dict[str, Any], **fields: object) -> str:
        """Raise an alert; gives its id."""
        accepted = self.ask("POST", "alerts", {"text": ALERT, "levels": levels, **fields})
        return str(accepted["id"])

    def text(self, to: str, **fields: object) -> str:
        """Accept a text; gives its id."""
        accepted = self.ask("POST", "messages", {"to": to, "body": "Hello", **fields})
        return str(accepted["id"])

    def entry(self, entry_id: str) -> Any:  # noqa: ANN401 - JSON
        return self.ask("GET", f"messages/{entry_id}")

    def until(self, entry_id: str, state: str) -> None:
        """Wait until an entry is in a state."""
        wait_until(lambda: self.entry(entry_id)["state"] == state)

    async def open(self, page: Page, place: str = "now") -> None:
        """Open the console at a view, with the key in its place already."""
        await page.add_init_script(
            f"sessionStorage.setItem('switchboard-function-key', {FUNCTION_KEY!r})"
        )
        await page.goto(f"{self.app}/console#/{place}")
        await expect(page.get_by_role("navigation", name="Console")).to_be_visible()

    async def enter(self, page: Page) -> None:
        """Open the console through its door."""
        await page.goto(f"{self.app}/console")
        await page.get_by_label("Function key").fill(FUNCTION_KEY)
        await page.get_by_role("button", name="Open").click()
        await expect(page.get_by_role("navigation", name="Console")).to_be_visible()


def tomorrow() -> str:
    """A time at which something can be sent, for what is to wait."""
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


async def ask_now(page: Page) -> None:
    """Pause and go on: the page asks at once, however long it meant to wait."""
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_role("button", name="Pause").click()


async def overview_shown(page: Page) -> Any:  # noqa: ANN401 - JSON
    """Let the page ask once more and pause on the answer, which it then shows; gives it."""
    pause = page.get_by_role("button", name="Pause")
    await pause.click()
    async with page.expect_response("**/api/overview") as answer:
        await pause.click()
    await pause.click()
    return await (await answer.value).json()


def _ask(method: str, url: str, body: object) -> Any:  # noqa: ANN401 - JSON
    headers = {"x-functions-key": FUNCTION_KEY, "Content-Type": "application/json"}
    sent = None if body is None else json.dumps(body).encode()
    with urlopen(
        Request(url, method=method, data=sent, headers=headers), timeout=PATIENCE_SECONDS
    ) as answer:
        return json.loads(answer.read() or b"null")


def unique_number() -> str:
    """A number that no other test sends to."""
    return f"+1415{2_000_000 + time.monotonic_ns() // 1000 % 7_900_000:07}"
