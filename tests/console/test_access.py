"""For everybody: with the keyboard, a screen reader, in the dark, on a phone, with all open."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, FilePayload, Page, expect

from tests.browser import a_page, accessibility_errors, picture
from tests.console.running_console import RunningConsole
from tests.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": PHONE},
}

EVERY_LOOK = LOOKS | {"narrow-dark": LOOKS["dark"] | LOOKS["narrow"]}


async def the_list(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.app}/console#/now")
    await expect(page.locator(".entries tbody tr")).to_have_count(40)
    await page.get_by_text("As a table").first.click()


async def a_story(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.app}/console#/now/message/{console.history.doubtful}")
    await page.get_by_text("doubt.1").click()


async def a_dialog(page: Page, console: RunningConsole) -> None:
    await page.keyboard.press("Escape")  # out of the one before
    await page.goto(f"{console.app}/console#/find?status=refused")
    await page.get_by_label("Select all that are shown").check()
    await page.get_by_role("button", name="Retry…").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def a_file(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.app}/console#/send")
    await page.get_by_label("File", exact=True).set_input_files(
        FilePayload(
            name="list.csv", mimeType="text/csv", buffer=b"name,to\nAda,+14155553401\nBo,12\n"
        )
    )
    await expect(page.get_by_text("1 row cannot be sent")).to_be_visible()


async def the_keys(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.app}/console#/failures")
    await page.get_by_role("button", name="Keys").click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def a_notice(page: Page, console: RunningConsole) -> None:
    await page.goto(f"{console.app}/console#/failures")
    async with page.expect_download():
        await page.get_by_role("button", name="Export as CSV").click()
    await expect(page.get_by_role("region", name="Notices")).to_contain_text("exported")


def view(name: str, heading: str) -> Callable[[Page, RunningConsole], Awaitable[None]]:
    async def show(page: Page, console: RunningConsole) -> None:
        await page.goto(f"{console.app}/console#/{name}")
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()

    return show


SIGHTS = (the_list, a_story, view("failures", "Failures"), view("batches", "Batches"),
          view("send", "Send a test"), a_file, a_notice, the_keys, a_dialog)  # fmt: skip


async def it_fits(page: Page) -> None:
    """Wait until the page is no wider than the screen, which rows that come in may be at first."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            await page.wait_for_timeout(50)


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_axe_finds_nothing(console: RunningConsole, browser: Browser, look: str) -> None:
    """No view, panel or dialog has an accessibility error, and none is wider than the screen."""
    async with a_page(browser, **EVERY_LOOK[look]) as page:
        await page.goto(f"{console.app}/console")
        assert await accessibility_errors(page) == []
        await console.enter(page)
        for sight in SIGHTS:
            await sight(page, console)
            assert await accessibility_errors(page) == [], sight
            await it_fits(page)


@pytest.mark.parametrize("look", LOOKS)
async def test_it_looks_like_this(console: RunningConsole, browser: Browser, look: str) -> None:
    """Pictures of an hour and of a story, by day, in the dark and on a phone."""
    async with a_page(browser, **LOOKS[look]) as page:
        await console.open(page)
        await expect(page.locator(".entries tbody tr")).to_have_count(40)
        await picture(page, f"console-now-{look}")
        await a_story(page, console)
        await expect(page.locator(".timeline")).to_be_visible()
        await picture(page, f"console-story-{look}")


async def test_with_the_keyboard_alone(console: RunningConsole, page: Page) -> None:
    """Arrows walk the rows, x selects, Enter opens, Escape comes back to the row."""
    await console.open(page)
    await page.get_by_role("button", name="Pause").click()
    rows = page.locator(".entries tbody tr")
    await expect(rows).to_have_count(40)
    await rows.first.get_by_role("link").focus()
    await page.keyboard.press("ArrowDown")
    second = rows.nth(1).get_by_role("link")
    await expect(second).to_be_focused()
    await page.keyboard.press("x")
    await expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    await page.keyboard.press("x")
    await page.keyboard.press("Enter")
    heading = page.get_by_role("region", name="Details").get_by_role("heading", level=1)
    await expect(heading).to_be_focused()
    await expect(rows.locator("a[aria-current]")).to_have_count(1)
    await expect(second).to_have_attribute("aria-current", "true")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("region", name="Details")).to_be_hidden()
    await expect(second).to_be_focused()
    await expect(rows.locator("a[aria-current]")).to_have_count(0)


async def test_the_skip_link_leads_past_the_bar(console: RunningConsole, page: Page) -> None:
    """The first thing that Tab reaches leads to the content, and the view stays what it was."""
    await console.open(page, "failures")
    await page.evaluate("document.activeElement.blur(), document.body.focus()")
    await page.get_by_role("link", name="Skip to content").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#view")).to_be_focused()
    await expect(page.get_by_role("heading", name="Failures", exact=True)).to_be_visible()


async def test_numbers_are_masked_until_asked(console: RunningConsole, page: Page) -> None:
    """No whole number is anywhere on the page; one is shown by its button, all by the switch."""
    await console.open(page)
    rows = page.locator(".entries tbody tr")
    await expect(rows).to_have_count(40)
    whole = re.compile(r"\+1\d{10}")
    assert not whole.search(await page.content())
    await rows.nth(3).get_by_role("button", name=re.compile("show number ending")).click()
    await expect(rows.nth(3)).to_contain_text(whole)
    await page.get_by_role("button", name="Show numbers").click()
    await expect(rows.nth(7)).to_contain_text(re.compile(r"\+1\d{10}"))
    await page.get_by_role("button", name="Show numbers").click()
    await expect(rows.nth(3)).to_contain_text("•••")
    assert not whole.search(await page.content())


async def test_numbers_in_a_story_are_masked_too(console: RunningConsole, page: Page) -> None:
    """What Twilio reported is shown with its numbers masked, until all are asked for."""
    found = console.ask("GET", "messages?error=30007&limit=1")["items"][0]["id"]
    await console.open(page, f"now/message/{found}")
    panel = page.get_by_role("region", name="Details")
    await panel.get_by_text("reported.undelivered").click()
    await expect(panel).to_contain_text("+1415•••1234")
    await page.get_by_role("button", name="Show numbers").click()
    await expect(panel).to_contain_text("+14155551234")


async def test_what_others_wrote_is_masked_too(console: RunningConsole, page: Page) -> None:
    """Numbers in an unreadable queue message, and in the words of an error, are not shown whole."""
    entry = console.entry(console.history.parked[0]) | {
        "kind": "unreadable",
        "state": "parked",
        "error": {"code": "12345", "message": "+14155551234 is nobody, nor is +1234567"},
        "raw": '{"to": "+14155551234"',
    }
    await page.route("**/api/messages/*", lambda route: route.fulfill(json=entry))
    await console.open(page, f"now/message/{entry['id']}")
    panel = page.get_by_role("region", name="Details")
    await panel.get_by_text("What was on the queue").click()
    await expect(panel.locator("pre").last).to_have_text('{"to": "+1415•••1234"')
    await expect(panel.locator(".help")).to_contain_text("+1415•••1234 is nobody, nor is •••.")
    await page.get_by_role("button", name="Show numbers").click()
    await expect(panel.locator("pre").last).to_have_text(entry["raw"])
