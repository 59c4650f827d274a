"""Storage that is not there, storage that never answers, and storage that refuses."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from typing import Any, Final

from aiohttp import web
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential

from dev.azurite import connection_string
from dev.ports import HOST, free_ports

BY_IDENTITY: Final = {
    "MESSAGE_STORAGE": "",
    "MESSAGE_STORAGE__queueServiceUri": "https://127.0.0.1:9",
    "MESSAGE_STORAGE__tableServiceUri": "https://127.0.0.1:9",
}


class TokenAskedError(Exception):
    """A client asked the app's identity for a token."""


class Identity(AsyncTokenCredential):
    """An identity that only says what a token was wanted for."""

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:  # noqa: ANN401 - the library's
        raise TokenAskedError(*scopes)

    async def close(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


def closed() -> str:
    """The connection string of a storage account on ports that nobody listens on."""
    queue, table = free_ports(2)
    return connection_string(queue, table)


@contextmanager
def silent() -> Iterator[str]:
    """The connection string of one that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        listener.listen()
        port = listener.getsockname()[1]
        yield connection_string(port, port)


def nobody() -> AsyncTokenCredential:
    """The identity of an app that has a connection string."""
    raise AssertionError("a connection string needs no identity")


class Refusing:
    """A storage service that refuses everything, and remembers what it was asked."""

    def __init__(self, status: int, code: str) -> None:
        self._status = status
        self._body = {"odata.error": {"code": code, "message": {"value": "0:No."}}}
        self.requests: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        return web.json_response(self._body, status=self._status)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Serve, and give the address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app)
        await runner.setup()
        (port,) = free_ports(1)
        await web.TCPSite(runner, HOST, port).start()
        yield f"http://{HOST}:{port}/account"
        await runner.cleanup()


class UnluckyOnce(Random):
    """Dice that fall badly at the first throw."""

    throws = 0

    def random(self) -> float:
        self.throws += 1
        return 0.0 if self.throws == 1 else 1.0
