"""The first view: the newest, live; the hour in numbers; queues and Twilio."""

import json
import re

import pytest
from azure.storage.queue import QueueClient
from playwright.async_api import Page, expect

from tests.browser import picture
from tests.console.history import FAILURES
from tests.console.running_console import (
    RunningConsole,
    ask_now,
    overview_shown,
    tomorrow,
    unique_number,
)

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_the_newest_appear_and_move_on_by_themselves(
    console: RunningConsole, page: Page
) -> None:
    """A text that is accepted while one looks is listed, and becomes delivered, untouched."""
    await console.open(page)
    await expect(page.locator(".entries tbody tr")).to_have_count(40)
    to = unique_number()
    entry = console.text(to)
    row = page.get_by_role("row").filter(has=page.locator(f"a[href$='{entry}']"))
    await expect(row).to_contain_text("Delivered")
    await expect(row).to_contain_text(f"{to[:5]}•••{to[-4:]}")


async def test_the_bar_is_one_line(console: RunningConsole, page: Page) -> None:
    """At 1280 px nothing of the bar wraps: the last button is as high as the first view."""
    await console.open(page)
    first = await page.get_by_role("link", name="Now", exact=True).bounding_box()
    last = await page.get_by_role("button", name="Forget key").bounding_box()
    assert first
    assert last
    assert last["y"] < first["y"] + first["height"]


async def test_the_hour_is_counted(console: RunningConsole, page: Page) -> None:
    """The tiles agree with the API, and lead to what they count."""
    await console.open(page)
    states = (await overview_shown(page))["states"]
    refused = page.get_by_role("link", name=f"Refused {states['refused']}")
    await expect(refused).to_be_visible()
    assert states["refused"] >= FAILURES["21610"] + FAILURES["21211"]
    await expect(page.get_by_role("link", name=f"Parked {states['parked']}")).to_be_visible()
    await refused.click()
    await expect(page.get_by_label("Status", exact=True)).to_have_value("refused")
    await expect(page.get_by_label("Accepted after")).not_to_have_value("")
    await expect(page.locator(".entries tbody tr")).to_have_count(states["refused"])


async def test_the_tiles_add_up(console: RunningConsole, page: Page) -> None:
    """Every entry of the hour is in one tile, and each tile's list has as many as it says."""
    entry = console.text(unique_number(), send_at=tomorrow())
    console.ask("DELETE", f"messages/{entry}")
    console.text(unique_number(), send_at=tomorrow())
    await console.open(page)
    hour = await overview_shown(page)
    await expect(page.locator(".scope")).to_contain_text(f"{hour['looked_at']} messages")
    tiles = page.locator(".tile")
    numbers = {
        (await tile.locator("span").inner_text()): int(await tile.locator("strong").inner_text())
        for tile in await tiles.all()
    }
    assert sum(numbers.values()) == hour["looked_at"]
    assert numbers["Scheduled"] == hour["states"]["scheduled"] >= 1
    assert numbers["Canceled"] >= hour["states"]["canceled"] >= 1
    for name in ("Scheduled", "Canceled"):
        await page.get_by_role("link", name=re.compile(f"^{name} ")).click()
        await expect(page.get_by_role("heading", name="Find", exact=True)).to_be_visible()
        await expect(page.locator(".entries tbody tr")).to_have_count(numbers[name])
        await page.get_by_role("link", name="Now", exact=True).click()


# Looked at in one step, because the last answer may still be on its way to the figures.
SAYS_ITS_NAME = """figure => figure.querySelector("svg > title").textContent
  === figure.querySelector(".plot-said").textContent"""


async def test_both_plots_can_be_read_as_tables(console: RunningConsole, page: Page) -> None:
    """Throughput and time to hand-over have a name, a sentence and a table with every minute."""
    await console.open(page)
    minutes = (await overview_shown(page))["minutes"]
    tables = {
        "Throughput": ["Minute", "Accepted", "Handed over"],
        "Time to hand-over": ["Minute", "Half within", "95 % within"],
    }
    told_in = {"Throughput": "by the minute", "Time to hand-over": "within"}
    for name, columns in tables.items():
        words = told_in[name]
        figure = page.get_by_role("figure").filter(has_text=name)
        await expect(figure.get_by_role("img")).to_have_accessible_name(re.compile(words))
        assert await figure.evaluate(SAYS_ITS_NAME)
        await expect(figure.get_by_role("img")).not_to_contain_text("false")
        await figure.get_by_text("As a table").click()
        assert await figure.get_by_role("columnheader").all_inner_texts() == columns
        await expect(figure.locator("tbody tr")).to_have_count(60)
    told = [str(m[name]) for m in reversed(minutes) for name in ("accepted", "handed_over")]
    await expect(page.get_by_role("figure").first.locator("tbody td")).to_have_text(told)


async def test_queues_and_twilio_are_shown(console: RunningConsole, page: Page) -> None:
    """How much waits, how long, and whether Twilio answers, each with its name."""
    request = json.dumps({"to": unique_number(), "body": "Hello"})
    with QueueClient.from_connection_string(console.storage, "outbound") as queue:
        queue.send_message(request, visibility_timeout=3600)
    await console.open(page)
    system = page.get_by_role("region", name="Queues and Twilio")
    await expect(system).to_contain_text("Answers")
    await expect(system).to_contain_text("waiting")
    await expect(system).to_contain_text("none due yet")
    await expect(system).to_contain_text("Queue, bulk")


async def test_a_selection_holds_the_list_still(console: RunningConsole, page: Page) -> None:
    """While rows are selected nothing moves; what is new waits behind a button."""
    await console.open(page)
    rows = page.locator(".entries tbody tr")
    first = rows.first
    await first.get_by_role("checkbox").check()
    before = await first.get_by_role("link").get_attribute("href")
    console.text(unique_number())
    await ask_now(page)
    arrived = page.get_by_role("button", name="1 new: show")
    await expect(arrived).to_be_visible()
    assert await rows.first.get_by_role("link").get_attribute("href") == before
    await arrived.click()
    await expect(arrived).to_be_hidden()
    await expect(rows.first.get_by_role("link")).not_to_have_attribute("href", before or "")


async def test_it_rests_while_nobody_looks(console: RunningConsole, page: Page) -> None:
    """A paused or hidden page asks nothing, and asks at once when it is looked at again."""
    await console.open(page)
    await expect(page.locator(".entries tbody tr")).to_have_count(40)
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused ·")).to_be_visible()
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Live ·")).to_be_visible()
    await page.evaluate(
        """() => { Object.defineProperty(document, "hidden", { value: true, configurable: true });
                   document.dispatchEvent(new Event("visibilitychange")); }"""
    )
    await expect(page.get_by_text("Resting ·")).to_be_visible()
    async with page.expect_request("**/api/overview"):
        await page.evaluate(
            """() => { Object.defineProperty(document, "hidden", { value: false });
                       document.dispatchEvent(new Event("visibilitychange")); }"""
        )


async def test_failures_are_grouped_by_code(console: RunningConsole, page: Page) -> None:
    """Each code of Twilio's says how often, what it means and what to do, and leads to them."""
    await console.open(page, "failures")
    card = page.get_by_role("listitem").filter(has_text="30007")
    await expect(card).to_contain_text("A carrier filtered it as unwanted")
    await expect(card).to_contain_text("What to do: Change the text, and check the campaign.")
    await expect(card).to_contain_text(f"{FAILURES['30007']} times")
    await picture(page, "console-failures")
    await card.get_by_role("link", name="See them").click()
    await expect(page.locator(".entries tbody tr")).to_have_count(FAILURES["30007"])
