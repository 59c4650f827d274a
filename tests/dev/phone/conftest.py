from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page

from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve
from tests import browser as browsers
from tests.dev.phone.desk import Desk
from tests.dev.simulator.site import Site
from tests.dev.simulator.world import SID, TOKEN, US, World

browser, page = browsers.browser, browsers.page


@pytest.fixture(autouse=True)
def _needs_a_browser(browser: Browser) -> None:
    """Skip every test of this folder where there is no browser."""


def new_exchange(app_url: str) -> Exchange:
    """Make a fast simulator, on which time at the page passes five times as fast as in life."""
    account = Account(sid=SID, auth_token=TOKEN, number=US, app_url=app_url)
    clock = Clock(speed=400, patience=40, step=0.005, in_hand=5)
    return Exchange(account, clock=clock, count_segments=count_segments)


@pytest_asyncio.fixture(loop_scope="session")
async def world() -> AsyncIterator[World]:
    """A running simulator, and the site that it calls."""
    site = Site(TOKEN)
    async with TestServer(site.application()) as server, aiohttp.ClientSession() as session:
        site.url = str(server.make_url("")).rstrip("/")
        exchange = new_exchange(site.url)
        async with serve(exchange) as url:
            yield World(url, session, site, exchange)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(page: Page, world: World) -> Desk:
    """The page, open and live."""
    desk = Desk(page, world)
    await desk.open()
    return desk
