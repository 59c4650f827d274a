"""Who may see anything: the function key, where it is kept, and what the page may load."""

import pytest
from playwright.async_api import Browser, Page, Request, expect

from dev.local_settings import FUNCTION_KEY
from tests.browser import picture
from tests.console.running_console import RunningConsole, ask_now

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


async def test_the_key_is_sent_as_a_header_and_kept_for_the_tab(
    console: RunningConsole, page: Page
) -> None:
    """Every call carries the key, no address does, and a reload asks for it no second time."""
    calls: list[Request] = []
    page.on("request", lambda request: calls.append(request))  # noqa: PLW0108 - not a builtin
    await console.enter(page)
    await page.reload()
    await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
    asked = [each for each in calls if each.resource_type == "fetch"]
    assert asked
    assert {each.headers.get("x-functions-key") for each in asked} == {FUNCTION_KEY}
    assert not [each.url for each in calls if FUNCTION_KEY in each.url]
    assert await page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


async def test_another_tab_asks_for_the_key_again(console: RunningConsole, page: Page) -> None:
    """The key does not leave the tab."""
    await console.enter(page)
    other = await page.context.new_page()
    await other.goto(f"{console.app}/console")
    await expect(other.get_by_label("Function key")).to_be_visible()
    await expect(other.get_by_role("navigation")).to_be_hidden()


async def test_forgetting_the_key_leaves_nothing(console: RunningConsole, page: Page) -> None:
    """The button takes the key and everything that it showed away."""
    await console.enter(page)
    await page.get_by_role("button", name="Forget key").click()
    await expect(page.get_by_text("The key is forgotten.")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0
    await expect(page.locator(".entries")).to_have_count(0)


async def test_a_wrong_key_opens_nothing(console: RunningConsole, browser: Browser) -> None:
    """A key that the app refuses is forgotten, and the page says so."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{console.app}/console")
    await page.get_by_label("Function key").fill("wrong")
    await page.keyboard.press("Enter")
    complaint = page.get_by_text("The app does not accept this key.")
    await expect(complaint).to_be_visible()
    await expect(complaint).to_contain_text("Use a function key")
    form = await page.query_selector(".door")
    assert form
    await page.evaluate("dispatchEvent(new Event('locked'))")
    assert await form.evaluate("each => each.isConnected"), "what is typed there would be lost"
    await page.wait_for_function(
        """() => {
             const box = (selector) => document.querySelector(selector).getBoundingClientRect();
             return box(".door .problem").top >= box(".door button").bottom;
           }"""
    )
    assert await page.evaluate("sessionStorage.length") == 0
    await context.close()


async def test_the_policy_stops_what_is_not_ours(console: RunningConsole, browser: Browser) -> None:
    """A script or style that somebody slipped in does not run; a request elsewhere is not made."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(f"{console.app}/console")
    blocked = await page.evaluate(
        """() => new Promise((resolve) => {
            const found = new Set();
            addEventListener("securitypolicyviolation", (event) => {
                found.add(event.effectiveDirective);
                if (found.size === 4) resolve([...found].sort());
            });
            const script = document.createElement("script");
            script.textContent = "document.title = 'broken into'";
            const picture = new Image();
            picture.src = "https://elsewhere.example/x.png";
            const styled = document.createElement("p");
            styled.setAttribute("style", "color: red");
            document.body.append(script, picture, styled);
            fetch("https://elsewhere.example/").catch(() => {});
        })"""
    )
    assert blocked == ["connect-src", "img-src", "script-src-elem", "style-src-attr"]
    assert await page.title() == "Switchboard console"
    await context.close()


async def test_an_app_that_does_not_answer_is_named(console: RunningConsole, page: Page) -> None:
    """Where calls fail the page says so, keeps what it showed, and recovers by itself."""
    await console.open(page)
    await expect(page.locator(".entries tbody tr").first).to_be_visible()
    await page.route("**/api/overview", lambda route: route.abort())
    await ask_now(page)
    await expect(page.get_by_role("alert")).to_have_text(
        "The app does not answer. Asking again by itself."
    )
    await expect(page.locator(".entries tbody tr").first).to_be_visible()
    await page.unroute("**/api/overview")
    await ask_now(page)
    await expect(page.get_by_role("alert")).to_be_hidden()


async def test_the_door_looks_like_this(console: RunningConsole, page: Page) -> None:
    """A picture of the first thing that is seen."""
    await page.goto(f"{console.app}/console")
    await expect(page.get_by_label("Function key")).to_be_focused()
    await picture(page, "console-door")
