"""Finding by number, id, SID, error, state and time, and the story of what was found."""

import re
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from tests.console.running_console import RunningConsole, unique_number

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def find(page: Page, text: str) -> None:
    field = page.get_by_label("Number, id, SID or error code")
    await field.fill(text)
    await field.press("Enter")


@pytest.mark.parametrize("how", ["{to}", "({area}) {rest}", "{to:.20} "])
async def test_by_number(console: RunningConsole, page: Page, how: str) -> None:
    """A number is found however it is written, also with spaces and without its plus."""
    to = unique_number()
    console.text(to)
    await console.open(page, "find")
    written = how.format(to=to, area=f"+1 {to[2:5]}", rest=f"{to[5:8]}-{to[8:]}")
    await find(page, written)
    await expect(page.get_by_text("1 found, looked all the way back.")).to_be_visible()
    await expect(page.locator(".entries tbody tr")).to_contain_text(to[-4:])


async def test_by_id(console: RunningConsole, page: Page) -> None:
    """An id opens its story at once."""
    await console.open(page, "find")
    await find(page, console.history.doubtful)
    await expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    await expect(page.get_by_role("region", name="Details")).to_contain_text(
        console.history.doubtful
    )


async def test_by_id_of_a_call_a_batch_and_nothing(
    console: RunningConsole, browser: Browser
) -> None:
    """Whatever has the id is found; nothing is said to be nothing."""
    placed = console.ask("POST", "calls", {"to": unique_number(), "say": "Hi"})["id"]
    fields = {"kind": "message", "body": "Hi", "recipients": [{"to": unique_number()}]}
    batch = console.ask("POST", "batches", fields)["id"]
    context = await browser.new_context()
    page = await context.new_page()
    await console.open(page, "find")
    panel = page.get_by_role("region", name="Details")
    await find(page, placed)
    await expect(panel.get_by_role("heading", name=re.compile("Call to"))).to_be_visible()
    await find(page, batch)
    await expect(panel.get_by_role("heading", name="Batch of 1 message")).to_be_visible()
    await find(page, "z" * 22)
    await expect(page.get_by_text("There is nothing with this id.").first).to_be_visible()
    await context.close()


async def test_an_id_takes_the_place_of_earlier_rows(console: RunningConsole, page: Page) -> None:
    """The rows of an earlier search are gone once an id is looked for."""
    await console.open(page, "find")
    rows = page.locator(".entries tbody tr")
    await expect(rows).not_to_have_count(0)
    await find(page, console.history.doubtful)
    await expect(page.get_by_role("region", name="Details")).to_contain_text(
        console.history.doubtful
    )
    await expect(rows).to_have_count(0)
    await expect(page.get_by_role("button", name="Look further back")).to_be_hidden()


async def test_by_sid(console: RunningConsole, page: Page) -> None:
    """Twilio's SID leads to the message, which opens since it is the only one."""
    entry = console.text(unique_number())
    console.until(entry, "handed_over")
    await console.open(page, "find")
    await find(page, console.entry(entry)["sid"])
    await expect(page.get_by_role("region", name="Details")).to_contain_text(entry)


async def test_by_error_and_kind_and_state(console: RunningConsole, page: Page) -> None:
    """An error code, a kind and a state narrow what is found, alone and together."""
    await console.open(page, "find")
    rows = page.locator(".entries tbody tr")
    await find(page, "30003")
    await expect(page.get_by_text("4 found, looked all the way back.")).to_be_visible()
    await expect(rows.first).to_contain_text("30003 · the phone is off, or out of reach")
    await page.get_by_label("Kind").select_option("Calls")
    await page.get_by_label("Status", exact=True).select_option("Parked")
    await find(page, "30003")
    await expect(page.get_by_text("Nothing fits.")).to_be_visible()


async def test_by_time(console: RunningConsole, page: Page) -> None:
    """Only what was accepted between the two times is found."""
    since = console.history.now.astimezone() - timedelta(minutes=30, seconds=1)
    await console.open(page, "find")
    await page.get_by_label("Accepted after").fill(f"{since:%Y-%m-%dT%H:%M:%S}")
    until = since + timedelta(minutes=5)
    await page.get_by_label("Accepted before").fill(f"{until:%Y-%m-%dT%H:%M:%S}")
    await page.get_by_role("button", name="Find", exact=True).click()
    begun = [
        event.at
        for _, event in console.history.events
        if type(event).__name__ == "Accepted"
        and since.replace(microsecond=0) <= event.at <= until.replace(microsecond=0)
    ]
    await expect(page.get_by_text(f"{len(begun)} found, looked all the way back.")).to_be_visible()
    await expect(page.locator(".entries tbody tr")).to_have_count(len(begun))


async def test_looking_further_back(console: RunningConsole, page: Page) -> None:
    """What is found comes in portions, newest first, each entry once."""
    await console.open(page, "find")
    rows = page.locator(".entries tbody tr")
    more = page.get_by_role("button", name="Look further back")
    await expect(more).to_be_visible()
    before = await rows.count()
    await more.click()
    await expect(page.get_by_text(re.compile("found, looked"))).to_be_visible()
    links = await rows.locator("a").evaluate_all("(all) => all.map((each) => each.hash)")
    assert len(links) > before
    assert len(set(links)) == len(links)
    times = await rows.locator("time").evaluate_all("(all) => all.map((each) => each.dateTime)")
    # An id tells milliseconds, so entries of the same one stand in any order.
    milliseconds = [each[: len("2026-12-01T17:11:20.458")] for each in times]
    assert milliseconds == sorted(milliseconds, reverse=True)


async def test_the_story_of_a_lost_answer(console: RunningConsole, page: Page) -> None:
    """A doubt that was settled by asking is told so that it can be read out."""
    await console.open(page, f"now/message/{console.history.doubtful}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".summary")).to_have_text(
        "Delivered It was delivered to the phone. Twilio's answer was lost; we asked, and it had"
        " the message. It was sent once."
    )
    told = panel.locator(".timeline li > p")
    await expect(told).to_have_text([
        "We accepted it through the API.",
        "We asked Twilio to take the message.",
        "Twilio's answer was lost. Nothing is sent again until we know whether Twilio has it.",
        "We asked, and Twilio had the message.",
        "It was delivered to the phone.",
    ])  # fmt: skip


async def test_the_story_of_a_real_lost_answer(console: RunningConsole, page: Page) -> None:
    """With Twilio's answer and its reports lost for real, the same is told as it happens."""
    console.faults(kinds=["reset_after"], callbacks="lost")
    entry = console.text(unique_number())
    console.until(entry, "handed_over")
    console.faults()
    await console.open(page, f"now/message/{entry}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".summary")).to_contain_text(
        "we asked, and it had the message. It was sent once."
    )


async def test_a_refusal_says_what_to_do(console: RunningConsole, page: Page) -> None:
    """Twilio's code stands with what it means and what a person can do."""
    entry = console.text("+15005550009")
    console.until(entry, "refused")
    await console.open(page, f"now/message/{entry}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.locator(".help")).to_contain_text("21614 The recipient is not a mobile")
    await expect(panel.locator(".help")).to_contain_text("What to do: Call instead")
    await expect(panel.locator(".timeline")).to_contain_text("Twilio refused it")


async def test_several_recipients_of_one_request(console: RunningConsole, page: Page) -> None:
    """The id of a list of recipients shows each of them, and each leads to its own story."""
    numbers = [unique_number() for _ in range(2)]
    job = console.ask("POST", "messages", {"to": numbers, "body": "Hi"})["id"]
    await console.open(page, f"find/message/{job}")
    panel = page.get_by_role("region", name="Details")
    await expect(panel.get_by_role("heading", name="2 recipients of one message")).to_be_visible()
    await panel.get_by_role("table").get_by_role("link").last.click()
    await expect(panel).to_contain_text(f"{job}-1")
