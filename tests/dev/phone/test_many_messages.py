"""A thousand messages cost the page no more than a hundred."""

import pytest
from playwright.async_api import Page, expect

from tests.dev.phone.desk import Desk
from tests.dev.simulator.world import World

pytestmark = pytest.mark.asyncio(loop_scope="session")

COUNT_ELEMENTS = "document.querySelectorAll('*').length"
# Counts how often one new text touches the document, until its last tick is there.
WATCH = """() => {
    window.touches = 0;
    new MutationObserver((all) => { window.touches += all.length; })
        .observe(document.body, { subtree: true, childList: true, characterData: true });
}"""


async def arrive(desk: Desk, first: int, last: int, to: str = "+14155552671") -> None:
    """Let texts arrive, and wait for the last one."""
    for number in range(first, last):
        await desk.world.text(To=to.format(number % 100), Body=f"Text {number}.")
    await expect(desk.page.locator("#phone-list")).to_contain_text(f"Text {last - 1}.")


async def one_more(desk: Desk, text: str) -> tuple[int, int]:
    """Elements of the page, and changes to it that one more text makes."""
    await desk.page.evaluate(WATCH)
    await desk.world.text(Body=text)
    await expect(desk.message(text)).to_contain_text("Delivered")
    elements = await desk.page.evaluate(COUNT_ELEMENTS)
    return int(elements), int(await desk.page.evaluate("window.touches"))


async def test_the_page_does_not_grow(desk: Desk) -> None:
    """After 1,000 texts the page has hardly more elements, and works no more, than after 100."""
    await arrive(desk, 0, 100)
    few, touched_few = await one_more(desk, "One more")
    await arrive(desk, 100, 1000)
    many, touched_many = await one_more(desk, "And another")
    assert many < 1.5 * few
    assert touched_many < 3 * touched_few
    await desk.page.reload()
    await expect(desk.message("And another")).to_be_visible()
    assert await desk.page.evaluate(COUNT_ELEMENTS) < 1.5 * few


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


async def test_many_phones_are_listed_by_and_by(desk: Desk) -> None:
    """A hundred phones are sixty rows, and the rest on demand."""
    await arrive(desk, 0, 100, to="+141555500{:02}")
    rows = desk.page.locator("#phone-list > li")
    await expect(rows).to_have_count(60)
    await desk.page.get_by_role("button", name="Show more phones").click()
    await expect(rows).to_have_count(100)
