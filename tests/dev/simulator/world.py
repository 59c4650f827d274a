"""A running simulator and the site that it calls, with what tests do to both."""

import asyncio
from dataclasses import dataclass
from typing import Any

import aiohttp

from dev.simulator.calls.line import Exchange
from tests.dev.simulator.site import Site
from tests.patience import PATIENCE_SECONDS

SID = "AC" + "0" * 32
TOKEN = "local-token"
US = "+15005550006"
ALICE = "+14155552671"
BOB = "+14165550123"
OVER = {"completed", "busy", "failed", "no-answer", "canceled"}

Json = dict[str, Any]


@dataclass
class World:
    url: str
    session: aiohttp.ClientSession
    site: Site
    exchange: Exchange

    async def rest(
        self, method: str, path: str, form: object = None, *, login: tuple[str, str] = (SID, TOKEN)
    ) -> tuple[int, Json]:
        """A REST request below the account."""
        url = f"{self.url}/2010-04-01/Accounts/{SID}{path}"
        headers = {"Authorization": aiohttp.encode_basic_auth(*login)}
        async with self.session.request(method, url, data=form, headers=headers) as response:
            if response.status == 204:
                return 204, {}
            return response.status, await response.json()

    async def admin(self, method: str, path: str, body: object = None) -> Json:
        """A request to the simulator's own paths."""
        async with self.session.request(
            method, f"{self.url}/_simulator{path}", json=body
        ) as response:
            assert response.status < 300, await response.text()
            return await response.json() if response.status != 204 else {}

    async def text(self, **fields: str) -> Json:
        """Send a message that is taken."""
        status, body = await self.rest(
            "POST", "/Messages.json", {"To": ALICE, "From": US, "Body": "Hi"} | fields
        )
        assert status == 201, body
        return body

    async def dial(self, **fields: object) -> str:
        """Place a call that is taken; gives its SID."""
        status, body = await self.rest("POST", "/Calls.json", {"To": ALICE, "From": US} | fields)
        assert status == 201, body
        return str(body["sid"])

    async def ended(self, sid: str) -> Json:
        """Wait until a call is over; gives its story."""
        await asyncio.wait_for(self.exchange.lines[sid].over.wait(), PATIENCE_SECONDS)
        return await self.admin("GET", f"/calls/{sid}")

    async def until(self, sid: str, event: str) -> None:
        """Wait until something is in a call's transcript."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with self.exchange.journal.subscribed() as news:
                while event not in self._events(sid):
                    await news.get()

    def _events(self, sid: str) -> list[object]:
        return [line["event"] for line in self.exchange.lines[sid].transcript]

    def heard(self, story: Json, event: str = "say", who: str = "") -> list[str]:
        """The texts of one kind in a story."""
        return [
            line["text"]
            for line in story["transcript"]
            if line["event"] == event and who in {"", line["who"]}
        ]
