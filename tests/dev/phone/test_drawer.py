"""Behind the scenes: what Twilio and the app said, as curl; faults, and their effect."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.browser import a_page
from tests.dev.phone.desk import Desk
from tests.dev.simulator.world import World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def opened(drawer: Locator, text: str) -> Locator:
    """Open the newest entry that says this."""
    entry = drawer.get_by_role("listitem").filter(has_text=text).first
    await entry.locator("summary").click()
    return entry


async def test_everything_that_was_said_is_there(desk: Desk) -> None:
    """Requests with their answers, callbacks with their signatures, TwiML, and errors."""
    site = desk.world.site
    site.says("/api/webhooks/messages", "<Response><Message>Hi there</Message></Response>")
    await desk.world.text(Body="From the app", StatusCallback=site.url + "/s")
    await desk.text("From Alice")
    drawer = await desk.behind_the_scenes()
    request = await opened(drawer, "/Messages.json")
    await expect(request).to_contain_text("From the app")
    await expect(request.get_by_label("Answer")).to_contain_text('"status": "queued"')
    webhook = await opened(drawer, "/api/webhooks/messages")
    await expect(webhook.get_by_label("Answer")).to_contain_text("<Message>Hi there</Message>")
    await expect(webhook.get_by_label("Signature")).to_have_text(
        site.at("/api/webhooks/messages")[-1].headers["X-Twilio-Signature"]
    )
    site.says("/api/webhooks/messages", (500, "text/plain", "the app is broken"))
    await desk.text("Again")
    await drawer.get_by_role("button", name="Trouble").click()
    await expect(drawer.get_by_role("listitem").first).to_contain_text("11200")
    await expect(drawer).not_to_contain_text("/Messages.json")


async def test_a_request_is_copied_as_curl(world: World, browser: Browser) -> None:
    """The copied commands can be pasted: the webhook's verifies, and the app's is taken."""
    access = {"permissions": ["clipboard-read", "clipboard-write"]}
    async with a_page(browser, **access) as page:
        desk = Desk(page, world)
        await page.clock.install()
        await desk.open()
        await world.text(Body="It's me; $HOME `x`")
        await desk.text("It's Alice")
        await expect(desk.message("It's Alice")).to_contain_text("The app took it")
        drawer = await desk.behind_the_scenes()
        await page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        for entry in ("/api/webhooks/messages", "/Messages.json"):
            button = (await opened(drawer, entry)).get_by_role("button")
            await button.dblclick()
            await expect(button).to_have_text("Copied")
            await page.clock.run_for(3000)
            await expect(button).to_have_text("Copy as curl")
            command = str(await page.evaluate("navigator.clipboard.readText()"))
            pasted = await asyncio.create_subprocess_shell(command, stdout=-1, stderr=-1)
            _, error = await pasted.communicate()
            assert (pasted.returncode, error) == (0, b"")
        await page.clock.resume()
        await expect(desk.message("It's me; $HOME `x`")).to_have_count(2)
    first, again = world.site.at("/api/webhooks/messages")
    assert again.signed
    assert again.form == first.form


async def test_too_many_requests(desk: Desk) -> None:
    """The 429 switch refuses what would be created, and counts it at once, until it is off."""
    drawer = await desk.behind_the_scenes()
    await desk.switch("429").click()
    await expect(drawer.locator("#fault-effect")).to_contain_text("0 requests failed")
    status, _ = await desk.world.rest("POST", "/Messages.json", {"To": "x"})
    assert status == 429
    await expect(drawer.locator("#fault-effect")).to_contain_text("1 requests failed")
    await expect(drawer.get_by_role("listitem").first).to_contain_text("429")
    await expect(desk.page.locator("#fault-chip")).to_have_text("faults on, 1 so far")
    await desk.switch("429").click()
    await expect(drawer.locator("#fault-effect")).to_have_text("No faults.")
    await desk.world.text()


async def test_a_lost_answer_still_arrives(desk: Desk) -> None:
    """With lost answers the connection breaks, and the text is on the phone all the same."""
    drawer = await desk.behind_the_scenes()
    await desk.switch("Lost answers").click()
    await expect(drawer.locator("#fault-effect")).to_contain_text("0 requests failed")
    with pytest.raises(OSError, match=r"disconnected|reset"):
        await desk.world.text(Body="Did it work?")
    await expect(desk.message("Did it work?")).to_be_visible()
    entry = await opened(drawer, "reset_after")
    await expect(entry.get_by_label("Answer that was held back")).to_contain_text("queued")


async def test_a_lost_callback_is_seen_on_the_text(desk: Desk) -> None:
    """A status whose callback was lost says so, in the thread and in the list."""
    drawer = await desk.behind_the_scenes()
    await desk.switch("Lost callbacks").click()
    await expect(drawer.locator("#fault-effect")).to_contain_text("0 callbacks lost")
    await desk.world.text(Body="Psst", StatusCallback=desk.world.site.url + "/s")
    await expect(desk.message("Psst")).to_contain_text("Delivered, its callback was lost")
    await expect(drawer.locator("#fault-effect")).to_contain_text("3 callbacks lost")
    assert desk.world.site.at("/s") == []


async def test_faults_from_elsewhere_are_shown(desk: Desk) -> None:
    """The switches show what somebody else has ordered, and change only what one clicks."""
    drawer = await desk.behind_the_scenes()
    await desk.world.admin(
        "PUT", "/faults", {"latency_ms": 9, "kinds": ["503", "429"], "per_cent": 20}
    )
    for name in ("Slow", "429"):
        await expect(desk.switch(name)).to_have_attribute("aria-checked", "true")
    await expect(drawer.locator("#fault-effect")).to_contain_text("Also on: 503")
    await expect(drawer.get_by_label("How often")).to_have_value("20")
    await drawer.get_by_label("How often").select_option("one in two")
    await expect(drawer.locator("#fault-effect")).not_to_contain_text("503")
    order = desk.world.exchange.faults.settings
    assert (order.latency_ms, order.kinds, order.per_cent) == (3000, ["429"], 50)
