"""The browser keeps the policy that the page is served under."""

import pytest
from playwright.async_api import Browser, Page

from tests.dev.simulator.world import World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

ATTACKS = """async () => {
    window.broken = [];
    addEventListener("securitypolicyviolation", (event) => broken.push(event.effectiveDirective));
    const script = document.createElement("script");
    for (const attack of [
        () => { script.textContent = "window.attacked = 1"; document.body.append(script); },
        () => { document.body.innerHTML = "<b>x</b>"; },
        () => { document.body.setAttribute("onclick", "window.attacked = 1"); },
    ]) try { attack(); } catch { broken.push("trusted-types"); }
    const style = document.createElement("style");
    style.textContent = "body { display: none }";
    document.head.append(style);
    document.body.append(document.createElement("iframe"));
    await fetch("https://elsewhere.example/").catch(() => {});
    document.body.click();
}"""


async def test_the_browser_keeps_the_policy(world: World, browser: Browser) -> None:
    """Scripts and markup made from text, handlers, frames and other hosts are all refused."""
    context = await browser.new_context()
    page: Page = await context.new_page()
    await page.goto(world.url)
    await page.evaluate(ATTACKS)
    for name in ("trusted-types", "require-trusted-types-for", "style-src-elem", "connect-src"):
        await page.wait_for_function("(name) => window.broken.includes(name)", arg=name)
    assert await page.evaluate("'attacked' in window") is False
    await context.close()
