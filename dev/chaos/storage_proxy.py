"""A proxy in front of one storage service, which can fail on purpose."""

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

Fault = Literal["none", "throttled", "slow", "lost", "away"]
FAULTS: Final[dict[Fault, str]] = {
    "none": "passes everything on",
    "throttled": "answers 503 to some requests, and does not pass them on",
    "slow": "passes on late",
    "lost": "passes on, and loses some of the answers",
    "away": "ends every connection at once",
}
FAULTY_SHARE: Final = 0.4  # of the requests, while it throttles or loses answers
MAX_DELAY_SECONDS: Final = 1.0
_HOP_BY_HOP: Final = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass
class StorageProxy:
    """One service of the storage account behind a port of its own."""

    target: str
    random: Random
    fault: Fault = "none"
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve until the block ends, on a port that is chosen here."""
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self.serve)
        runner = web.AppRunner(app, access_log=None, auto_decompress=False, shutdown_timeout=0.1)
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            await runner.setup()
            await web.TCPSite(runner, HOST, 0, backlog=1024).start()
            self.port = int(runner.addresses[0][1])
            try:
                yield
            finally:
                await runner.cleanup()

    async def serve(self, request: web.Request) -> web.Response:
        """Pass one request on, or fail as `fault` says."""
        fault, is_faulty = self.fault, self.random.random() < FAULTY_SHARE
        if fault == "away":
            return _cut(request)
        if fault == "throttled" and is_faulty:
            return web.Response(status=503, headers={"x-ms-error-code": "ServerBusy"})
        if fault == "slow":
            await asyncio.sleep(self.random.uniform(0, MAX_DELAY_SECONDS))
        try:
            answer = await self._forward(request)
        except (aiohttp.ClientError, ConnectionError):
            return _cut(request)
        return _cut(request) if fault == "lost" and is_faulty else answer

    async def _forward(self, request: web.Request) -> web.Response:
        # The signature covers the path and the headers as they are, so nothing is rewritten.
        url = URL(self.target + request.raw_path, encoded=True)
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() != "connection"}
        async with self._session.request(
            request.method, url, data=body or None, headers=headers, allow_redirects=False,
            skip_auto_headers=("Content-Type", "User-Agent", "Accept", "Accept-Encoding"),
        ) as answer:  # fmt: skip
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
