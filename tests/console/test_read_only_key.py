"""What the console shows to somebody whose key may only read."""

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import READ_ONLY_KEY
from tests.console.running_console import RunningConsole

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_read_only_key_shows_everything_and_changes_nothing(
    console: RunningConsole, lenient_page: Page
) -> None:
    """Lists, stories and batches are there, what writes is not, and a notice says why."""
    page = lenient_page
    await page.goto(f"{console.app}/console")
    await page.get_by_label("Function key").fill(READ_ONLY_KEY)
    await page.get_by_role("button", name="Open").click()
    await expect(page.locator(".entries tbody tr").first).to_be_visible()
    await expect(page.get_by_text("This key may read and nothing else.")).to_be_visible()
    await page.goto(f"{console.app}/console#/now/message/{console.history.doubtful}")
    await expect(page.get_by_role("region", name="Details").locator(".timeline")).to_be_visible()
    assert await page.locator(".writes:visible").count() == 0
    await page.reload()
    await expect(page.locator(".entries tbody tr").first).to_be_visible()
    # What the page does not offer, the app does not do either.
    title = await page.evaluate(
        """async (key) => {
            const answers = await Promise.all(["messages", "console/data/messages"].map((path) =>
                fetch(new URL(`../api/${path}`, location.href), {
                    method: "POST", headers: { "x-functions-key": key }, body: "{}",
                })));
            const { title } = await answers[1].json();
            return [answers[0].status, answers[1].status, title];
        }""",
        READ_ONLY_KEY,
    )
    assert title == [401, 403, "This key is read-only"]
