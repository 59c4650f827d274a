"""One Chromium for the tests of pages, and a page that notices everything that it should not do.

A package of tests uses it by naming both fixtures in its conftest
(`browser, page = browsers.browser, browsers.page`) and running its tests on the session's loop, on
which the browser lives:
`pytestmark = pytest.mark.asyncio(loop_scope="session")`.
"""

import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from dev.checkout import HERE
from dev.errors import CommandError
from dev.node_runtime import installed_script
from dev.testing import ensure_chromium
from tests.patience import PATIENCE_SECONDS

FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS: Final = PATIENCE_SECONDS * 1000
expect.set_options(timeout=PATIENCE_MS)

LOCAL: Final = {"127.0.0.1", "localhost", ""}
WIDE: Final = {"width": 1280, "height": 860}
PICTURE_SECONDS: Final = 30
PICTURES: Final = HERE.root / "docs" / "pictures"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, started once for the session."""
    try:
        program = ensure_chromium()
    except CommandError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"{error.what}; {error.next_step}")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in a browser of one test's own; errors and requests to other hosts fail the test."""
    async with a_page(browser) as opened:
        yield opened


@asynccontextmanager
async def a_page(browser: Browser, **options: Any) -> AsyncIterator[Page]:  # noqa: ANN401 - Playwright's own
    """Open a page with Playwright's options; at the end it must have done nothing wrong.

    Nothing moves on it: a colour that is on its way to another one has no contrast to judge.
    """
    complaints: list[str] = []
    usual: dict[str, Any] = {"viewport": WIDE, "reduced_motion": "reduce"}
    context = await browser.new_context(**(usual | options))
    context.set_default_timeout(PATIENCE_MS)
    try:
        opened = await context.new_page()
        watch(context, opened, complaints)
        yield opened
    finally:
        await context.close()
    assert complaints == []


def watch(context: BrowserContext, opened: Page, complaints: list[str]) -> None:
    """Write down script errors, console errors (a broken policy is one), and foreign requests."""
    opened.on("pageerror", lambda error: complaints.append(f"script: {error}"))
    opened.on(
        "console",
        lambda said: (
            complaints.append(f"console: {said.text}")
            # A server that is restarted is part of some tests, and named by its own assertions.
            if said.type == "error" and "ERR_" not in said.text
            else None
        ),
    )
    context.on(
        "request",
        lambda asked: (
            complaints.append(f"foreign: {asked.url}")
            if urlsplit(asked.url).hostname not in LOCAL and not asked.url.startswith(ALLOWED)
            else None
        ),
    )


# A test may let a picture come from here; it answers for it with `page.route`.
ALLOWED: Final = ("https://pictures.example/", "data:", "blob:")


@cache
def axe_source() -> str:
    """The script of axe, which `python3 dev` installs with npm."""
    return Path(installed_script(HERE, "axe-core/axe.min.js")).read_text()


async def accessibility_errors(opened: Page) -> list[str]:
    """What axe finds wrong with the page as it stands: rule, place and reason."""
    await opened.evaluate(axe_source())
    found = await opened.evaluate(
        """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
            .flatMap((rule) => rule.nodes.map((node) =>
                `${rule.id}: ${node.target.join(" ")}: ${node.failureSummary}`))"""
    )
    return [str(each) for each in found]


# What a page calls its parts: this changes with the page, and not with the data that it shows,
# which stands in rows and lists.
_PARTS: Final = ":is(h1, h2, h3, h4, button, label, th, nav a, summary):not(tbody *, li *)"


async def picture(opened: Page, name: str, *, inside: str = "body") -> None:
    """Hold a picture of the documents to the page, or take it with `SWITCHBOARD_PICTURES=1`.

    Beside a picture stands what the page called its parts when it was taken. That notices a word
    that has changed, been added or gone `inside` a part of the page; it does not notice another
    colour or place. What the page still waits for may come late.
    """
    beside = PICTURES / f"{name}.txt"
    if os.environ.get("SWITCHBOARD_PICTURES") == "1":
        await opened.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
        beside.write_text(await _titles(opened, inside), "utf-8")
    assert (PICTURES / f"{name}.png").exists()
    taken = beside.read_text("utf-8") if beside.exists() else ""
    end = time.monotonic() + PICTURE_SECONDS
    while (titles := await _titles(opened, inside)) != taken and time.monotonic() < end:
        await opened.wait_for_timeout(100)
    assert titles == taken, (
        f"docs/pictures/{name}.png is older than the page; retake it: run this test with "
        "SWITCHBOARD_PICTURES=1, and look at it"
    )


async def _titles(opened: Page, inside: str) -> str:
    """Return the title and what the visible parts are called, without numbers, sorted."""
    texts: list[str] = (
        await opened.locator(inside)
        .locator(_PARTS)
        .evaluate_all(
            "parts => parts.filter(each => each.checkVisibility()).map(each => each.textContent)"
        )
    )
    names = {re.sub(r"[\d•+][\d•.,:+ ]*", "#", " ".join(each.split())) for each in texts}
    return "".join(f"{each}\n" for each in [await opened.title(), *sorted(names - {""})])
