from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from dev.simulator.__main__ import count_segments
from dev.simulator.account import Account
from dev.simulator.calls.line import Exchange
from dev.simulator.clock import Clock
from dev.simulator.server import serve
from tests.dev.simulator.site import Site
from tests.dev.simulator.world import SID, TOKEN, US, World


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """The webhook site that the simulator calls."""
    site = Site(TOKEN)
    async with TestServer(site.application()) as server:
        site.url = str(server.make_url("")).rstrip("/")
        yield site


@pytest.fixture
async def world(site: Site) -> AsyncIterator[World]:
    """A running simulator, the site that it calls, and a way to drive both."""
    account = Account(
        sid=SID,
        auth_token=TOKEN,
        number=US,
        app_url=site.url,
        api_key_sid="SK" + "1" * 32,
        api_key_secret="key-secret",
    )
    exchange = Exchange(
        account, clock=Clock(speed=400, patience=40, step=0.005), count_segments=count_segments
    )
    async with serve(exchange) as url, aiohttp.ClientSession() as session:
        yield World(url, session, site, exchange)
