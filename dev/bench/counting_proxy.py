"""Count the requests to storage: a proxy in front of Azurite that tells them apart by method."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Final

from aiohttp import web

from dev.azurite import ACCOUNT, connection_string
from dev.chaos.storage_proxy import StorageProxy

# A kind of request by its method and its path below the account; the first that fits counts.
KINDS: Final = (
    ("queue: put", "POST", r"/[\w-]+/messages"),
    ("queue: get", "GET", r"/[\w-]+/messages"),
    ("queue: delete", "DELETE", r"/[\w-]+/messages/.+"),
    ("table: insert", "POST", r"/\w+"),
    ("table: transaction", "POST", r"/\$batch"),
    ("table: query", "GET", r"/\w+\(.*\)|/\w+"),
)
IDLE: Final = "queue: get, nothing there"
OTHER: Final = "other"


class CountingProxy(StorageProxy):
    """A proxy that never fails; `counted` holds how many requests of each kind passed."""

    def __init__(self, target: str, counted: Counter[str]) -> None:
        super().__init__(target, Random())  # noqa: S311 - never used: nothing fails here
        self._counted = counted

    async def serve(self, request: web.Request) -> web.Response:
        """Pass one request on, and count it."""
        answer = await super().serve(request)
        kind = kind_of_request(request.method, request.path)
        body = answer.body if isinstance(answer.body, bytes) else b""
        is_empty = kind == "queue: get" and b"<MessageId>" not in body
        self._counted[IDLE if is_empty else kind] += 1
        return answer


def kind_of_request(method: str, path: str) -> str:
    """Return the kind of a storage request."""
    below = path.removeprefix(f"/{ACCOUNT}")
    return next((k for k, m, p in KINDS if m == method and re.fullmatch(p, below)), OTHER)


@asynccontextmanager
async def count_requests(storage: str, counted: Counter[str]) -> AsyncIterator[str]:
    """Count every request in `counted`; gives a connection string that leads past the counter."""
    targets = re.findall(r"Endpoint=(http://[^/;]+)", storage)
    proxies = [CountingProxy(target, counted) for target in targets]
    async with AsyncExitStack() as stack:
        for proxy in proxies:
            await stack.enter_async_context(proxy.running())
        queue, table = (proxy.port for proxy in proxies)
        yield connection_string(queue, table)
