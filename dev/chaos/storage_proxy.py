"""Stands between the app and storage, and lets the weather be bad there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

import aiohttp
from aiohttp import web
from yarl import URL

from dev.ports import HOST

Weather = Literal["fair", "throttled", "slow", "lost", "away"]
WEATHERS: Final[dict[Weather, str]] = {
    "fair": "passes everything on",
    "throttled": "answers 503 to some, and does not pass them on",
    "slow": "passes on late",
    "lost": "passes on, and loses some of the answers",
    "away": "ends every connection at once",
}
STRUCK: Final = 0.4  # so many of the requests suffer when it throttles or loses
SLOWEST: Final = 1.0  # seconds
_OF_THE_CONNECTION: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class StorageProxy:
    """One service of the storage account behind a port of its own."""

    target: str
    dice: Random
    weather: Weather = "fair"
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve for a while, on a port that is chosen here."""
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            await runner.setup()
            await web.TCPSite(runner, HOST, 0).start()
            self.port = int(runner.addresses[0][1])
            try:
                yield
            finally:
                await runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        weather, struck = self.weather, self.dice.random() < STRUCK
        if weather == "away":
            return _cut(request)
        if weather == "throttled" and struck:
            return web.Response(status=503, headers={"x-ms-error-code": "ServerBusy"})
        if weather == "slow":
            await asyncio.sleep(self.dice.uniform(0, SLOWEST))
        try:
            answer = await self._passed_on(request)
        except (aiohttp.ClientError, ConnectionError):
            return _cut(request)
        return _cut(request) if weather == "lost" and struck else answer

    async def _passed_on(self, request: web.Request) -> web.Response:
        # The signature covers the path and the headers as they are, so nothing is rewritten.
        url = URL(self.target + request.raw_path, encoded=True)
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() != "connection"}
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False,
            skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
        ) as answer:  # fmt: skip
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _OF_THE_CONNECTION}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
