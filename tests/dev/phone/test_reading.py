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
LONG_TEXT = (
    "This is a text of several lines, as people write them when they have a lot to say. " * 4
)


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
    """The last message is in view with its status, also below long texts."""
    reply = f"<Response><Message>{LONG_TEXT}</Message></Response>"
    desk.world.site.says("/api/webhooks/messages", reply)
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


async def test_an_ended_call_is_read_from_its_end(desk: Desk) -> None:
    """When a call is over it is in view below the texts, and opens at its last line."""
    for number in range(8):
        await desk.world.text(Body=f"Text {number}. {LONG_TEXT}")
    lines = "".join(f"<Say>Line {number}</Say>" for number in range(40))
    await desk.world.dial(Twiml=f"<Response>{lines}</Response>", Timeout="600")
    await desk.answer()
    past = desk.phone().locator(".past-call")
    await expect_above_input(desk, past.locator("summary"))
    await past.locator("summary").click()
    await expect(past.get_by_role("listitem").filter(has_text="Line 39")).to_be_in_viewport()
    await expect_above_input(desk, past.get_by_role("listitem").last)
    assert await accessibility_errors(desk.page) == []


async def test_an_application_error_is_not_a_completed_call(desk: Desk) -> None:
    """A call that ends in Twilio's apology says so in red, also after the page is loaded again."""
    gone = desk.world.site.says("/gone", (500, "text/plain", ""))
    sid = await desk.world.dial(Url=gone, Timeout="600")
    await desk.button("Answer").click()  # it is over at once
    assert (await desk.world.ended(sid))["status"] == "completed"
    for _ in range(2):
        past = desk.phone().locator(".past-call")
        await expect(past).to_contain_text("application error")
        await expect(past).to_have_class("past-call missed")
        await desk.page.reload()
        await desk.is_live()
        if desk.is_narrow:
            await desk.page.get_by_role("button", name=ALICE).click()
    assert await accessibility_errors(desk.page) == []


async def test_no_reply_names_the_setting(desk: Desk) -> None:
    """Below a text that the app does not answer stands which setting answers it."""
    hint = desk.phone().get_by_text("set INBOUND_MESSAGE to answer texts").filter(visible=True)
    await use(desk)
    await desk.text("Is anybody there?")
    await expect(hint).to_be_visible()
    await expect_above_input(desk, hint)
    assert await accessibility_errors(desk.page) == []
    site = desk.world.site
    site.says("/api/webhooks/messages", "<Response><Message>Yes</Message></Response>")
    await desk.text("And now?")
    await expect(desk.message("Yes")).to_contain_text("Delivered")
    await expect(hint).to_have_count(0)
    site.says("/api/webhooks/messages", "<Response/>")
    await desk.text("STOP")
    await expect(desk.message("You have successfully been unsubscribed")).to_be_visible()
    await expect(hint).to_have_count(0)


async def test_a_switch_has_one_name(desk: Desk) -> None:
    """The switch of the page and the one of a phone do the same and have the same name."""
    await use(desk)
    switches = desk.page.get_by_role("switch", name="I answer calls", exact=True)
    await expect(switches).to_have_count(2)
    for switch in await switches.all():
        await expect(switch).to_have_attribute("aria-checked", "true")


async def test_the_last_line_of_a_live_call_is_above_the_keypad(desk: Desk) -> None:
    """The last line is in view while somebody is on the call."""
    await desk.world.text(Body=LONG_TEXT)
    say = "".join(f"<Say>Line {number}</Say>" for number in range(9))
    gather = f"<Gather timeout='900'>{say}</Gather>"
    await desk.world.dial(Twiml=f"<Response>{gather}</Response>", Timeout="600")
    await desk.answer()
    last = desk.heard("Line 8")
    await expect(last).to_be_in_viewport(ratio=1)
    handle = await last.element_handle()
    await desk.page.wait_for_function(
        """(line) => line.getBoundingClientRect().bottom
            <= line.closest(".transcript").getBoundingClientRect().bottom""",
        arg=handle,
    )
