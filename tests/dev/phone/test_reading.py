"""Reading: the end of a thread and of a call is in view, on every screen and in both colours."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.browser import a_page, accessibility_errors
from tests.dev.phone.desk import ALICE, Desk
from tests.dev.simulator.world import World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

SCREENS = [
    {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    for width, height in ((1280, 800), (390, 844))
    for scheme in ("light", "dark")
]
LONG_TEXT = "This is a text of several lines, as people write them when they have a lot to say. " * 4


@pytest_asyncio.fixture(loop_scope="session", params=SCREENS, ids=str)
async def desk(
    request: pytest.FixtureRequest, world: World, browser: Browser
) -> AsyncIterator[Desk]:
    """The page on a wide and on a narrow screen, in light and in dark colours."""
    options: dict[str, Any] = request.param
    async with a_page(browser, **options) as page:
        desk = Desk(page, world)
        await desk.open()
        yield desk


async def use(desk: Desk) -> None:
    """Bring Alice's phone to the front."""
    await desk.page.get_by_label("A number to use as a phone").fill(ALICE)
    await desk.page.keyboard.press("Enter")


async def expect_above_input(desk: Desk, element: Locator) -> None:
    """All of an element is to be seen between the thread's edges, above the input."""
    await expect(element).to_be_in_viewport(ratio=1)
    handle = await element.element_handle()
    await desk.page.wait_for_function(
        """(element) => {
            const thread = element.closest(".thread").getBoundingClientRect();
            const box = element.getBoundingClientRect();
            return box.bottom <= thread.bottom && box.bottom > thread.top;
        }""",
        arg=handle,
    )


async def test_the_last_message_is_above_the_input(desk: Desk) -> None:
    """Whatever arrives last is in view with its status, also below long texts."""
    desk.world.site.says("/api/webhooks/messages", f"<Response><Message>{LONG_TEXT}</Message></Response>")
    await use(desk)
    for number in range(12):
        text = f"Text {number}. {LONG_TEXT if number % 3 else ''}"
        await desk.world.text(Body=text, StatusCallback=desk.world.site.url + "/s")
        await expect(desk.message(f"Text {number}.")).to_contain_text("Delivered")
        await expect_above_input(desk, desk.message(f"Text {number}.").locator(".foot"))
    await desk.text("And what do you say?")
    await expect(desk.phone().locator(".message").last).to_contain_text("Delivered")
    await expect(desk.phone().locator(".message")).to_have_count(14)
    await expect_above_input(desk, desk.phone().locator(".message .foot").last)
