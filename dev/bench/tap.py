"""A proxy in front of Azurite that counts what passes, by what is asked and of what."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

from dev.azurite import ACCOUNT, connection_string
from dev.ports import HOST

# What a request is, by its method and path below the account; the first that fits counts.
KINDS: Final = (
    ("queue: put", "POST", r"/[\w-]+/messages"),
    ("queue: get", "GET", r"/[\w-]+/messages"),
    ("queue: delete", "DELETE", r"/[\w-]+/messages/.+"),
    ("table: insert", "POST", r"/\w+"),
    ("table: query", "GET", r"/\w+\(.*\)|/\w+"),
)
IDLE: Final = "queue: get, nothing there"
OTHER: Final = "other"
HOP: Final = frozenset({"transfer-encoding", "connection", "keep-alive", "content-length"})


class Tap:
    """Passes requests on to one address; `counted` says how many of each kind there were."""

    def __init__(
        self, counted: Counter[str], upstream: str, session: aiohttp.ClientSession
    ) -> None:
        self._counted = counted
        self._upstream = upstream
        self._session = session

    async def pass_on(self, request: web.Request) -> web.Response:
        """Ask upstream, count, and answer."""
        body = await request.read()
        # No header may be added or lost: storage requests are signed.
        async with self._session.request(
            request.method,
            URL(self._upstream + request.raw_path, encoded=True),
            headers=request.headers,
            data=body or None,
            skip_auto_headers=("Content-Type",),
        ) as reply:
            answer = await reply.read()
            kind = kind_of(request.method, request.path)
            empty = kind == "queue: get" and b"<MessageId>" not in answer
            self._counted[IDLE if empty else kind] += 1
            headers = {name: v for name, v in reply.headers.items() if name.lower() not in HOP}
            return web.Response(status=reply.status, headers=headers, body=answer)


def kind_of(method: str, path: str) -> str:
    """What a request is."""
    below = path.removeprefix(f"/{ACCOUNT}")
    return next((k for k, m, p in KINDS if m == method and re.fullmatch(p, below)), OTHER)


@asynccontextmanager
async def tapped(storage: str, counted: Counter[str]) -> AsyncIterator[str]:
    """A connection string that leads to the same storage past a counter."""
    upstream = re.findall(r"Endpoint=(http://[^/;]+)", storage)
    runners: list[web.AppRunner] = []
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        try:
            for each in upstream:
                app = web.Application(client_max_size=8 * 1024 * 1024)
                app.router.add_route("*", "/{rest:.*}", Tap(counted, each, session).pass_on)
                runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
                runners.append(runner)
                await runner.setup()
                await web.TCPSite(runner, HOST, 0, backlog=1024).start()
            queue, table = (int(runner.addresses[0][1]) for runner in runners)
            yield connection_string(queue, table)
        finally:
            for runner in runners:
                await runner.cleanup()
