"""The API page in a browser: it opens without a key, and shows a route with its answers."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import picture
from tests.console.running_console import RunningConsole

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_a_route_opens_with_its_fields_and_answers(
    console: RunningConsole, page: Page
) -> None:
    """The first route sends a text: it can be tried, and its answers are described."""
    await page.goto(f"{console.app}/docs")
    await page.locator(".opblock-summary-control", has_text="/messages").first.click()
    route = page.locator(".opblock.is-open")
    await expect(route.get_by_role("button", name="Execute")).to_be_visible()
    await expect(route.get_by_text("+14155552671").first).to_be_visible()
    await expect(route.locator("tr.response[data-code='202']")).to_be_visible()
    await page.set_viewport_size({"width": 1280, "height": 1400})
    await route.evaluate("each => each.scrollIntoView()")
    await picture(page, "api-docs", inside=".opblock.is-open")


async def test_the_key_is_the_first_thing_to_fill_in(console: RunningConsole, page: Page) -> None:
    """*Authorize* opens with the cursor in the function key's field, and says which key that is."""
    await page.goto(f"{console.app}/docs")
    await page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    await expect(dialog.get_by_text("local-key")).to_be_in_viewport()
    key = dialog.locator(".auth-container").filter(has_text="x-functions-key")
    await expect(key.get_by_role("textbox")).to_be_focused()
