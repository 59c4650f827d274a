"""The page outlives restarts: of the app, of the simulator, of itself."""

import contextlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from dev.simulator.server import serve
from tests.dev.phone.conftest import new_exchange
from tests.dev.phone.desk import Desk
from tests.dev.simulator.site import Site
from tests.dev.simulator.world import TOKEN, World

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]


@contextlib.asynccontextmanager
async def serving(site: Site, port: int = 0) -> AsyncIterator[int]:
    """Run the app on a port until the block ends; gives the port."""
    runner = web.AppRunner(site.application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_a_restart_of_the_app(page: Page) -> None:
    """While the app is away a text says so; once it is back, the next one is taken."""
    site = Site(TOKEN)
    async with contextlib.AsyncExitStack() as stack:
        async with serving(site) as port:
            exchange = new_exchange(f"http://127.0.0.1:{port}")
            site.url = exchange.account.app_url
            url = await stack.enter_async_context(serve(exchange))
            await page.goto(url)
            await page.get_by_role("button", name="Send a text to the app").click()
            desk = Desk(page, World(url, None, site, exchange))  # type: ignore[arg-type] # not used
            await expect(desk.message("Hello, is")).to_contain_text("The app took it")
        await desk.text("Gone?")
        await expect(desk.message("Gone?")).to_contain_text("The app did not take it")
        await stack.enter_async_context(serving(site, port))
        await desk.text("Back?")
        await expect(desk.message("Back?")).to_contain_text("The app took it")


async def test_a_restart_of_the_simulator(page: Page, world: World) -> None:
    """The page says that the simulator is away, finds it again, and shows what it now knows."""
    async with contextlib.AsyncExitStack() as stack:
        first = new_exchange(world.site.url)
        async with serve(first) as url:
            port = int(url.rpartition(":")[2])
            desk = Desk(page, World(url, world.session, world.site, first))
            await desk.open()
            await desk.world.text(Body="Before")
            await expect(desk.message("Before")).to_be_visible()
            draft = desk.phone().get_by_label("Text the app")
            await draft.fill("half a sen")
        await expect(page.locator("#connection")).to_contain_text("away")
        desk.world.exchange = new_exchange(world.site.url)
        await stack.enter_async_context(serve(desk.world.exchange, port))
        await desk.is_live()
        await desk.world.text(Body="After")
        await expect(desk.message("After")).to_be_visible()
        await expect(desk.message("Before")).to_have_count(0)
        await expect(draft).to_have_value("half a sen")


async def test_a_reload_in_the_middle_of_a_call(desk: Desk) -> None:
    """Loading the page again shows the same threads, and the call goes on."""
    await desk.world.text(Body="Read me")
    say = "<Say>Still here</Say><Pause length='3000'/>"
    await desk.world.dial(Twiml=f"<Response>{say}</Response>", Timeout="600")
    await desk.answer()
    await expect(desk.heard("Still here")).to_be_visible()
    await desk.page.reload()
    await expect(desk.message("Read me")).to_contain_text("Delivered")
    await expect(desk.heard("Still here")).to_be_visible()
    await expect(desk.button("Hang up")).to_be_visible()


async def test_forgetting_everything_empties_the_page(desk: Desk) -> None:
    """When the books are cleared, the threads are empty at once."""
    await desk.world.text(Body="Forget me")
    await expect(desk.message("Forget me")).to_be_visible()
    await desk.world.admin("DELETE", "/books")
    await expect(desk.message("Forget me")).to_have_count(0)


async def test_the_first_steps_can_be_read_again(desk: Desk) -> None:
    """The first steps are one click away when there are phones."""
    await desk.world.text(Body="Hi")
    await expect(desk.message("Hi")).to_be_visible()
    await desk.page.get_by_role("button", name="First steps").click()
    await expect(desk.page.get_by_label("Command that places a call")).to_be_visible()
    await expect(desk.phone()).to_be_hidden()
    await desk.page.get_by_role("button", name="Send a text to the app").click()
    await expect(desk.phone().get_by_label("Text the app")).to_be_focused()
