"""Doing something about it: what will happen is said first, and then it happens."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser import picture
from tests.console.running_console import RunningConsole, tomorrow, unique_number

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


def notice(page: Page) -> Locator:
    return page.get_by_role("region", name="Notices")


async def test_one_is_canceled(console: RunningConsole, page: Page) -> None:
    """Cancelling a scheduled text says that it will never be sent, and shows that it is not."""
    entry = console.text(unique_number(), send_at=tomorrow())
    await console.open(page, f"now/message/{entry}")
    await page.get_by_role("region", name="Details").get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 1 message?")
    await expect(dialog).to_contain_text("1 message, not sent yet: will never be sent")
    await dialog.get_by_role("button", name="Leave it").click()
    assert console.entry(entry)["state"] == "scheduled"
    await page.get_by_role("region", name="Details").get_by_role("button", name="Cancel…").click()
    await dialog.get_by_role("button", name="Cancel 1 message").click()
    await expect(notice(page)).to_contain_text("1 message canceled or stopped")
    await expect(page.get_by_role("region", name="Details")).to_contain_text("Somebody canceled it")
    assert console.entry(entry)["state"] == "canceled"


async def test_a_selection_is_sent_again(console: RunningConsole, page: Page) -> None:
    """Of a mixed selection the dialog counts what will be sent again and what is left alone."""
    parked = console.history.parked
    await console.open(page, "now")
    for name in (*parked, console.history.doubtful):
        box = page.get_by_role("row").filter(has=page.locator(f"a[href$='{name}']"))
        await box.get_by_role("checkbox").check()
    await page.get_by_role("group", name="Selection").get_by_role("button", name="Retry…").click()
    dialog = page.get_by_role("dialog", name="Send 3 messages again?")
    await expect(dialog.get_by_role("listitem")).to_have_text([
        "3 messages, given up before: tried again once it is certain that Twilio does not have it",
        "1 message, left alone: only what was parked or refused can be sent again",
    ])  # fmt: skip
    await picture(page, "console-retry")
    await dialog.get_by_role("button", name="Send 3 messages again").click()
    await expect(notice(page)).to_contain_text("3 messages on the way again")
    for name in parked:
        console.until(name, "handed_over")


async def test_a_selection_in_flight_is_left_alone(console: RunningConsole, page: Page) -> None:
    """Where nothing can be done, the dialog says why and offers only to close."""
    await console.open(page, "find?status=refused")
    await page.get_by_label("Select all that are shown").check()
    await page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Nothing of this can be canceled")
    await expect(dialog).to_contain_text("left alone: it is over already")
    assert await dialog.get_by_role("button").all_inner_texts() == ["Close"]
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_a_batch_is_followed_retried_and_canceled(
    console: RunningConsole, page: Page
) -> None:
    """A batch shows its progress, groups its failures, and counts what an act concerns."""
    recipients = [{"to": f"+1415555{n}"} for n in range(3000, 3020)] + [
        {"to": to} for to in ("+15005550001", "+15005550009", "+15005550002")]  # fmt: skip
    batch = console.ask("POST", "batches", {"kind": "message", "body": "Hi",
                                            "recipients": recipients})["id"]  # fmt: skip
    await console.open(page, "batches")
    row = page.get_by_role("row").filter(has=page.locator(f"a[href$='{batch}']"))
    await expect(row).to_contain_text("All 23 done, 3 failed")
    await row.get_by_role("link").click()
    await expect(row.get_by_role("link")).to_have_attribute("aria-current", "true")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("heading", name="Batch of 23 messages")).to_be_visible()
    await expect(panel).to_contain_text("All 23 done.")
    await expect(panel.get_by_role("listitem").filter(has_text="21614")).to_contain_text(
        "What to do: Call instead"
    )
    await expect(panel).to_contain_text("Twilio: delivered")
    await picture(page, "console-batch")
    await panel.get_by_role("button", name="Retry…").click()
    dialog = page.get_by_role("dialog", name="Send 3 messages of this batch again?")
    await expect(dialog.get_by_role("listitem")).to_have_text([
        "3 messages, refused before: Twilio is asked again", "20 messages left alone"])  # fmt: skip
    await dialog.get_by_role("button", name="Send 3 messages again").click()
    await expect(notice(page)).to_contain_text("3 messages on the way again")


async def test_a_batch_that_has_not_left_is_canceled(console: RunningConsole, page: Page) -> None:
    """The rest of a batch is canceled, after saying how many that are."""
    recipients = [{"to": f"+1415555{n}"} for n in range(3200, 3205)]
    fields = {"kind": "message", "body": "Hi", "recipients": recipients, "send_at": tomorrow()}
    batch = console.ask("POST", "batches", fields)["id"]
    await console.open(page, f"batches/batch/{batch}")
    await page.get_by_role("region", name="Details").get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 5 messages of this batch?")
    await expect(dialog).to_contain_text("5 messages, scheduled: will never be sent")
    await dialog.get_by_role("button", name="Cancel 5 messages").click()
    await expect(notice(page)).to_contain_text("What had not left is canceled")
    row = page.get_by_role("row").filter(has=page.locator(f"a[href$='{batch}']"))
    await expect(row).to_contain_text("All 5 done")
    assert console.ask("GET", f"batches/{batch}")["states"] == {"canceled": 5}


@pytest.mark.parametrize(("kind", "button"), [("text", "Send…"), ("call", "Call…")])
async def test_a_test_is_sent(console: RunningConsole, page: Page, kind: str, button: str) -> None:
    """A test text or call says what it will do, does it once, and can be followed."""
    to = unique_number()
    await console.open(page, "send")
    form = page.get_by_role("form", name=f"Test {kind}")
    await form.get_by_label("To", exact=True).fill(to)
    await form.get_by_role("button", name=button).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(f"{to[:5]}•••{to[-4:]}")
    await expect(dialog).to_contain_text("In the simulator: nobody is reached")
    await dialog.get_by_role("button", name=button.strip("…"), exact=True).click()
    await expect(notice(page)).to_contain_text("Accepted. It is on its way")
    await notice(page).get_by_role("link", name="follow it").click()
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".timeline")).to_contain_text(f"Twilio took the {kind_of(kind)}.")
    collection = "calls" if kind == "call" else "messages"
    assert len(console.ask("GET", f"{collection}?to=%2B{to[1:]}")["items"]) == 1


async def test_a_test_says_what_it_costs_once_that_is_known(
    console: RunningConsole, page: Page
) -> None:
    """Before the account is known, the dialog claims neither a simulator nor a charge."""
    answered = asyncio.Event()

    async def answer_later(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route("**/api/overview", answer_later)
    await console.open(page, "send")
    form = page.get_by_role("form", name="Test text")
    await form.get_by_label("To", exact=True).fill(unique_number())
    await form.get_by_role("button", name="Send…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Asking whether Twilio is the simulator")
    await expect(dialog).not_to_contain_text("charged")
    answered.set()
    await expect(dialog).to_contain_text("In the simulator: nobody is reached")
    await page.unroute_all(behavior="wait")


async def test_where_the_account_is_not_known_a_test_counts_as_real(
    console: RunningConsole, page: Page
) -> None:
    """Where the app does not say what it talks to, the dialog says that people are charged."""
    await page.route("**/api/overview", lambda route: route.abort())
    await console.open(page, "send")
    form = page.get_by_role("form", name="Test call")
    await form.get_by_label("To", exact=True).fill(unique_number())
    await form.get_by_role("button", name="Call…").click()
    await expect(page.get_by_role("dialog")).to_contain_text("It is a real one, and is charged")


def kind_of(word: str) -> str:
    return {"text": "message"}.get(word, word)


async def test_steps_are_shown_as_twiml(console: RunningConsole, page: Page) -> None:
    """Steps become the TwiML that Twilio would get, and nothing is sent."""
    await console.open(page, "send")
    steps = page.get_by_label("Steps, as JSON")
    await steps.fill('[{"say": "Press & hold"}, {"hangup": {}}]')
    await page.get_by_role("button", name="Preview").click()
    twiml = page.get_by_role("region", name="TwiML", exact=True)
    await expect(twiml).to_have_text(re.compile(r"<Say>Press &amp; hold</Say>\s+<Hangup ?/>"))
    await picture(page, "console-send")
    await steps.fill('[{"say": ')
    await page.get_by_role("button", name="Preview").click()
    await expect(page.get_by_text("The steps are not JSON")).to_be_visible()
