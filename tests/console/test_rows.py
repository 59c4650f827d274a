"""Rows, badges, numbers and times of a list, on a wide screen and on a phone."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import a_page
from tests.console.fed import AT, JOB, an_entry, feed, feed_list
from tests.console.running_console import RunningConsole
from tests.console.test_access import EVERY_LOOK, it_fits

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

EVERY_STATUS: tuple[dict[str, Any], ...] = (
    {"twilio_status": "undelivered", "error": {"code": "30007", "message": ""}},
    {"state": "scheduled", "twilio_status": None, "to": "whatsapp:+4915112345678"},
    {"state": "handed_over", "twilio_status": "in-progress", "to": "+442071838750"},
    {"kind": "call", "twilio_status": "completed", "error": {"code": "11100", "message": ""}},
    {"state": "in_doubt", "twilio_status": None, "to": "+5215512345678"},
)
# Text that stands on more than one line.
BROKEN = """(all) => all.filter((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  return new Set([...range.getClientRects()].map((box) => Math.round(box.bottom))).size > 1;
}).map((each) => each.textContent)"""


@pytest.mark.parametrize("look", EVERY_LOOK)
async def test_nothing_breaks_inside_a_badge_or_number(
    console: RunningConsole, browser: Browser, look: str
) -> None:
    """Badges, numbers, days and times stand on one line each, masked and shown, at every width."""
    async with a_page(browser, **EVERY_LOOK[look]) as page:
        await feed_list(page, *(an_entry(id=f"zbpbd1jez{n}fg4p4bzdjjgq", **fields)
                                for n, fields in enumerate(EVERY_STATUS)))  # fmt: skip
        await console.open(page, "find")
        await expect(page.locator(".entries tbody tr")).to_have_count(len(EVERY_STATUS))
        for _ in ("masked", "shown"):
            for what in (".entries .badge", ".entries .piece", "thead .zone"):
                assert await page.locator(what).evaluate_all(BROKEN) == []
            await it_fits(page)
            await page.get_by_role("button", name="Show numbers").click()


async def test_the_whole_row_opens(console: RunningConsole, page: Page) -> None:
    """A click beside the link opens the story; one on the box or on *show* does not."""
    await console.open(page, "find")
    row = page.locator(".entries tbody tr").first
    panel = page.get_by_role("region", name="Details")
    await row.get_by_role("button", name=re.compile("show number")).click()
    await row.get_by_role("checkbox").check()
    await expect(panel).to_be_hidden()
    await row.locator("td").last.click()
    await expect(panel.get_by_role("heading", level=1)).to_be_focused()


async def test_the_whole_row_of_a_batch_opens(console: RunningConsole, page: Page) -> None:
    """The same in the list of batches, which shows a batch's name where it has one."""
    batch = {"id": JOB, "at": AT, "kind": "message", "lane": "bulk", "count": 2,
             "jobs": 1, "duplicates": 0, "skipped": 0, "name": "November bill"}  # fmt: skip
    progress = batch | {"states": {"handed_over": 2}, "twilio_statuses": {"delivered": 2},
                        "failures": [], "rate": None, "estimated_end": None,
                        "accepted_at": AT}  # fmt: skip
    await feed(page, "batches", {"items": [batch], "next": None})
    await feed(page, "batches/*", progress)
    await console.open(page, "batches")
    row = page.locator(".entries tbody tr")
    await expect(row).to_contain_text("November bill")
    await expect(row).to_contain_text("All 2 done")
    await row.locator("td").last.click()
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("heading", level=1)).to_have_text(
        "November bill: batch of 2 messages"
    )


@pytest.mark.parametrize(
    ("zone", "name", "shown"),
    [("Europe/Berlin", "GMT+1", "Dec 1 12:30:00 AM"), ("UTC", "UTC", "Nov 30 11:30:00 PM")],
)
async def test_times_have_their_day_and_zone(
    console: RunningConsole, browser: Browser, zone: str, name: str, shown: str
) -> None:
    """A row shows its day, the heading the zone, and both follow the reader's zone."""
    async with a_page(browser, timezone_id=zone, locale="en-US") as page:
        await page.clock.set_fixed_time("2026-12-03T10:00:00Z")
        await feed_list(page, an_entry())
        await console.open(page, "find")
        heading = page.get_by_role("columnheader", name="When")
        await expect(heading).to_have_text(f"When {name}")
        await expect(page.locator(".entries time")).to_have_text(shown)
        await expect(page.get_by_label("Accepted after")).to_have_accessible_name(
            f"Accepted after {name}"
        )
