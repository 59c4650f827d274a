"""A walk through the page, looked at by axe at every stop; it takes the documents' pictures."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser import a_page, accessibility_errors, picture
from tests.dev.phone.desk import BOB, Desk
from tests.dev.simulator.world import BOB as BOB_NUMBER
from tests.dev.simulator.world import World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PICTURE = Path(__file__).parent / "menu.svg"
NARROW = {"width": 390, "height": 844}
MENU = "Welcome to the Rose and Crown. Press 1 to confirm your table, or 2 to change it."


async def stop(desk: Desk, name: str = "") -> None:
    """Nothing may be wrong here; take the picture."""
    assert await accessibility_errors(desk.page) == []
    if name:
        await picture(desk.page, f"phone-{name}")


async def texts(desk: Desk) -> None:
    """A booking by text, and a parcel on another phone."""
    site = desk.world.site
    callback = site.url + "/s"
    reply = "Of course. See you on Friday at 20:00."
    site.says("/api/webhooks/messages", f"<Response><Message>{reply}</Message></Response>")
    booked = "Your table for two is booked for Friday, 19:30. Reply C to cancel."
    await desk.world.text(Body=booked, StatusCallback=callback)
    parcel = "Your parcel arrives today between 14:00 and 15:00."
    await desk.world.text(To=BOB_NUMBER, Body=parcel, StatusCallback=callback)
    await expect(desk.message("Your parcel", BOB)).to_contain_text("Delivered")
    await desk.text("Could we come at 20:00 instead?")
    await expect(desk.message(reply)).to_contain_text("Delivered")
    menu = "https://pictures.example/menu.svg"
    await desk.page.route(menu, lambda route: route.fulfill(path=PICTURE))
    await desk.world.text(Body="Tonight's menu", MediaUrl=menu, StatusCallback=callback)
    await expect(desk.message("Tonight's menu")).to_contain_text("Delivered")
    await desk.message("Tonight's menu").get_by_role("button").click()
    await expect(desk.message("Tonight's menu").get_by_role("img")).to_be_visible()


async def call(desk: Desk) -> None:
    """The phone rings with a menu."""
    more = '<Gather input="speech" timeout="900"><Say>Anything else that we can do?</Say></Gather>'
    document = f"<Response><Say>Thank you. Your table is confirmed.</Say>{more}</Response>"
    action = desk.world.site.says("/menu", document)
    gather = f'<Gather numDigits="1" input="dtmf speech" timeout="300" action="{action}">'
    document = f"<Response>{gather}<Say>{MENU}</Say></Gather></Response>"
    await desk.world.dial(Twiml=document, Timeout="600")
    await expect(desk.button("Answer")).to_be_visible()


async def test_the_story_in_light(desk: Desk) -> None:
    """Empty, texts, a ringing call, its transcript and keypad, the drawer: all accessible."""
    await stop(desk, "empty")
    await texts(desk)
    await stop(desk, "thread")
    await call(desk)
    await stop(desk, "ringing")
    await desk.answer()
    await expect(desk.heard("Press 1 to confirm")).to_be_visible()
    await stop(desk, "call")
    await desk.button("1").click()
    await expect(desk.heard("Anything else")).to_be_visible()
    drawer = await desk.behind_the_scenes()
    await desk.switch("Lost callbacks").click()
    await expect(drawer.locator("#fault-effect")).to_contain_text("lost")
    await desk.world.text(Body="See you soon", StatusCallback=desk.world.site.url + "/s")
    await expect(desk.message("See you soon")).to_contain_text("its callback was lost")
    await drawer.locator("li[data-kind=webhook] summary").first.click()
    await stop(desk, "drawer")


async def test_the_story_in_the_dark(world: World, browser: Browser) -> None:
    """The same in dark colours."""
    async with a_page(browser, color_scheme="dark", reduced_motion="reduce") as page:
        desk = Desk(page, world)
        await desk.open()
        await stop(desk)
        await texts(desk)
        await call(desk)
        await stop(desk)
        await desk.answer()
        await desk.button("1").click()
        await expect(desk.heard("Anything else")).to_be_visible()
        await stop(desk, "dark")
        await desk.behind_the_scenes()
        await stop(desk)


async def test_the_story_on_a_narrow_screen(world: World, browser: Browser) -> None:
    """On a small screen there is the list or one phone; a call comes to the front by itself."""
    async with a_page(browser, viewport=NARROW) as page:
        desk = Desk(page, world)
        await desk.open()
        await stop(desk)
        await world.text(Body="Hello")
        await expect(desk.phone()).to_be_hidden()
        await page.get_by_role("button", name="+1 415 555 2671").click()
        await texts_on_one(desk)
        await call(desk)
        await stop(desk)
        await desk.answer()
        await expect(desk.heard("Press 1 to confirm")).to_be_visible()
        await expect(desk.button("Hang up")).to_be_in_viewport(ratio=1)
        await stop(desk, "narrow-call")
        await desk.button("Hang up").click()
        await expect(desk.phone().locator(".past-call")).to_be_visible()
        await stop(desk, "narrow")
        assert await page.evaluate("document.body.scrollWidth <= innerWidth")
        await desk.button("All phones").click()
        await expect(page.get_by_label("A number to use as a phone")).to_be_visible()
        await stop(desk)


async def texts_on_one(desk: Desk) -> None:
    """A question and an answer."""
    site = desk.world.site
    reply = "Yes, until eleven."
    site.says("/api/webhooks/messages", f"<Response><Message>{reply}</Message></Response>")
    await desk.text("Are you open tonight?")
    await expect(desk.message(reply)).to_contain_text("Delivered")


async def test_everything_can_be_done_with_the_keyboard(desk: Desk) -> None:
    """Answer, press a key, look behind the scenes and come back, without a mouse."""
    keyboard = desk.page.keyboard
    await call(desk)
    await expect(desk.page.get_by_role("alert").filter(has_text="rings")).to_have_count(1)
    await desk.button("Answer").focus()
    await keyboard.press("Enter")
    await expect(desk.button("1")).to_be_focused()
    await expect(desk.heard("Press 1 to confirm")).to_be_visible()
    await keyboard.press("1")
    await expect(desk.heard("Your table is confirmed")).to_be_visible()
    await desk.button("Hang up").focus()
    await keyboard.press("Enter")
    await expect(desk.phone().get_by_label("Text the app")).to_be_focused()
    await keyboard.type("Thanks")
    await keyboard.press("Enter")
    await expect(desk.message("Thanks")).to_be_visible()
    await expect(desk.page.locator("#news")).to_contain_text("Sent from +1 415 555 2671: Thanks")
    await desk.page.get_by_role("button", name="Behind the scenes").focus()
    await keyboard.press("Enter")
    await expect(desk.page.get_by_role("heading", name="Behind the scenes")).to_be_focused()
    await keyboard.press("Escape")
    await expect(desk.page.get_by_role("button", name="Behind the scenes")).to_be_focused()
