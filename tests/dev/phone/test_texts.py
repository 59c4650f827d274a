"""Text threads: what the app sends, what a person writes, ticks, pictures."""

import pytest
from playwright.async_api import Route, expect

from tests.dev.phone.desk import Desk
from tests.dev.simulator.world import ALICE as ALICE_NUMBER
from tests.dev.simulator.world import US

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

PIXEL = b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"


async def test_an_empty_page_says_what_to_do_first(desk: Desk) -> None:
    """A new user finds two commands to paste and a text to send, which the app gets, signed."""
    page, site = desk.page, desk.world.site
    site.says("/api/webhooks/messages", "<Response><Message>Yes, hello</Message></Response>")
    for name in ("Command that sends a text", "Command that places a call"):
        await expect(page.get_by_label(name)).to_contain_text(f"curl -sS {site.url}/api/")
    await page.get_by_role("button", name="Send a text to the app").click()
    await expect(desk.message("Yes, hello")).to_contain_text("Delivered")
    await expect(desk.message("Hello, is anybody there?")).to_contain_text("The app took it")
    await expect(page.get_by_role("heading", name="Quiet here")).to_be_hidden()
    (received,) = site.at("/api/webhooks/messages")
    assert (received.signed, received.form["From"], received.form["To"]) == (True, ALICE_NUMBER, US)


async def test_ticks_follow_the_callbacks(desk: Desk) -> None:
    """A text to any number opens its phone; its ticks are lit once the app took the callback."""
    await desk.world.text(Body="Your table is booked", StatusCallback=desk.world.site.url + "/s")
    foot = desk.message("Your table is booked").locator(".ticks")
    await expect(foot).to_have_text("Delivered")
    await expect(foot).to_have_class("ticks taken")
    statuses = [received.form["MessageStatus"] for received in await desk.world.site.until("/s", 3)]
    assert statuses == ["sending", "sent", "delivered"]


async def test_a_text_that_fails_says_why(desk: Desk) -> None:
    """A text that is not delivered shows Twilio's code on the phone."""
    await desk.world.admin("PUT", f"/phones/{ALICE_NUMBER}", {"message_error": 30003})
    await desk.world.text(Body="Anybody?")
    await expect(desk.message("Anybody?")).to_contain_text("Not delivered, error 30003")


async def test_any_number_can_be_used_as_a_phone(desk: Desk) -> None:
    """A number that nobody has texted yet can be typed in, and texts the app."""
    await desk.page.get_by_label("A number to use as a phone").fill("+44 20 7946 0958")
    await desk.page.keyboard.press("Enter")
    number = "+44 207 946 095 8"
    await desk.text("Good morning", number)
    await expect(desk.message("Good morning", number)).to_contain_text("The app took it")
    (received,) = desk.world.site.at("/api/webhooks/messages")
    assert (received.form["From"], received.form["Body"]) == ("+442079460958", "Good morning")


async def test_an_app_that_fails_is_seen_on_the_text(desk: Desk) -> None:
    """When the app answers with an error, the text says so where it was written."""
    desk.world.site.says("/api/webhooks/messages", (500, "text/plain", "no"))
    await desk.world.text(Body="Hi")
    await desk.text("Are you there?")
    await expect(desk.message("Are you there?")).to_contain_text("The app did not take it")


async def test_a_picture_is_fetched_by_a_click_only(desk: Desk) -> None:
    """Media from another host stay there until somebody asks to see them."""
    fetched: list[str] = []

    async def serve(route: Route) -> None:
        fetched.append(route.request.url)
        await route.fulfill(body=PIXEL, content_type="image/svg+xml")

    await desk.page.route("https://pictures.example/**", serve)
    url = "https://pictures.example/menu.svg"
    await desk.world.text(Body="The menu", MediaUrl=url)
    message = desk.message("The menu")
    await expect(message.get_by_role("link")).to_have_attribute("href", url)
    assert fetched == []
    await message.get_by_role("button", name="Show the picture from pictures.example").click()
    await expect(message.get_by_role("img")).to_have_js_property("naturalWidth", 9)
    assert fetched == [url]


@pytest.mark.parametrize("media", ["javascript:alert(1)", "data:text/html,x", "not a URL"])
async def test_media_that_is_no_web_address_is_a_text(desk: Desk, media: str) -> None:
    """Only http and https addresses become links."""
    inbound = {"from": ALICE_NUMBER, "body": "Look", "media_url": media}
    await desk.world.admin("POST", "/messages", inbound)
    await expect(desk.message("Look")).to_contain_text(media)
    await expect(desk.message("Look").get_by_role("link")).to_have_count(0)


async def test_markup_is_a_text_like_any_other(desk: Desk) -> None:
    """What looks like HTML is shown as it was written, everywhere that it appears."""
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    await desk.world.text(Body=markup)
    await expect(desk.message(markup).locator(".body")).to_have_text(markup)
    await expect(desk.page.locator("#phone-list")).to_contain_text(markup)
    assert await desk.page.locator("img, .body b").count() == 0


async def test_unread_texts_are_counted_when_there_is_no_room(desk: Desk) -> None:
    """With every place taken, another phone shows in the list how much is new on it."""
    for number in range(4):
        await desk.world.text(To=f"+1415555000{number}", Body=f"Text {number}")
        await expect(desk.page.locator("#phone-list")).to_contain_text(f"Text {number}")
    await expect(desk.page.locator("#phone-list")).to_contain_text("1 new")
    await desk.page.locator("#phone-list [data-number='+14155550003']").click()
    await expect(desk.phone("+1 415 555 0003")).to_be_visible()
    row = desk.page.locator("#phone-list [data-number='+14155550003']")
    await expect(row).not_to_contain_text("new")
    await expect(row).to_have_attribute("aria-current", "true")
