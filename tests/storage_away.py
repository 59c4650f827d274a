"""Storage that is not there, and storage that never answers."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

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
