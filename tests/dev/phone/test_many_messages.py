"""A thousand messages cost the page no more than a hundred."""

import pytest
from playwright.async_api import Page, expect

from tests.dev.phone.desk import Desk
from tests.dev.simulator.world import World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

COUNT_ELEMENTS = "document.querySelectorAll('*').length"
# Which list items are touched, come or go: the same however the changes fall into frames.
WATCH = """() => {
    window.touched = new Set();
    window.watcher?.disconnect();
    window.watcher = new MutationObserver((all) => {
        for (const { target, addedNodes, removedNodes } of all)
            for (const node of [target, ...addedNodes, ...removedNodes])
                touched.add((node.closest ? node : node.parentElement)?.closest("li"));
    });
    watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


async def arrive(desk: Desk, first: int, last: int, to: str = "+14155552671") -> None:
    """Let texts arrive, and wait for the last one."""
    for number in range(first, last):
        await desk.world.text(To=to.format(number % 100), Body=f"Text {number}.")
    await expect(desk.page.locator("#phone-list")).to_contain_text(f"Text {last - 1}.")


async def one_more(desk: Desk, text: str) -> tuple[int, int]:
    """Elements of the page, and how many of its list items one more text touches."""
    await expect(desk.phone().locator(".ticks:not([data-status=delivered])")).to_have_count(0)
    await desk.page.evaluate(WATCH)
    await desk.world.text(Body=text)
    await expect(desk.message(text)).to_contain_text("Delivered")
    elements = await desk.page.evaluate(COUNT_ELEMENTS)
    return int(elements), int(await desk.page.evaluate("touched.size"))


async def test_the_page_does_not_grow(desk: Desk) -> None:
    """After 1,000 texts the page has hardly more elements, and works no more, than after 100."""
    await arrive(desk, 0, 100)
    few, touched_few = await one_more(desk, "One more")
    await arrive(desk, 100, 1000)
    many, touched_many = await one_more(desk, "And another")
    assert many == few
    assert touched_many == touched_few
    await desk.page.reload()
    await expect(desk.message("And another")).to_contain_text("Delivered")
    assert await desk.page.evaluate(COUNT_ELEMENTS) == few


async def test_earlier_texts_can_be_looked_up(page: Page, world: World) -> None:
    """Texts beyond the window come back on demand, from the first one on, in order."""
    for number in range(100):
        await world.text(Body=f"Text {number}.")
    desk = Desk(page, world)
    await desk.open()
    await expect(desk.message("Text 99.")).to_be_visible()
    await expect(desk.message("Text 0.")).to_have_count(0)
    for _ in range(2):
        await desk.button("Show earlier").click()
    await expect(desk.button("Show earlier")).to_be_hidden()
    bodies = await desk.phone().locator(".body").all_text_contents()
    assert bodies == [f"Text {number}." for number in range(100)]


async def test_earlier_texts_stay_while_they_are_read(page: Page, world: World) -> None:
    """What somebody scrolled back to stays when texts arrive, and goes once they are at the end."""
    for number in range(50):
        await world.text(Body=f"Text {number}.")
    desk = Desk(page, world)
    await desk.open()
    await desk.button("Show earlier").click()
    await expect(desk.message("Text 0.")).to_be_visible()
    await world.text(Body="News")
    await expect(desk.message("News")).to_contain_text("Delivered")
    await expect(desk.phone().locator(".message")).to_have_count(51)
    await desk.phone().locator(".thread").evaluate("(each) => each.scrollTo(0, each.scrollHeight)")
    await world.text(Body="More news")
    await expect(desk.phone().locator(".message")).to_have_count(40)
    await expect(desk.message("More news")).to_be_visible()


async def test_many_phones_are_listed_by_and_by(desk: Desk) -> None:
    """A hundred phones are sixty rows, and the rest on demand."""
    await arrive(desk, 0, 100, to="+141555500{:02}")
    rows = desk.page.locator("#phone-list > li")
    await expect(rows).to_have_count(60)
    await desk.page.get_by_role("button", name="Show more phones").click()
    await expect(rows).to_have_count(100)
