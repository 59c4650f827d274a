"""What a client sees when a fault strikes its request."""

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from dev.simulator.errors import REFUSALS, error_body

JSON_HEADERS: Final = {"Content-Type": "application/json;charset=utf-8"}
MAX_SILENCE_SECONDS: Final = 120.0  # after which even a lost request is let go
LINGER_ZERO: Final = struct.pack("ii", 1, 0)  # closes with RST instead of FIN
HTML_PAGE: Final = b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"


def _refuse(code: int, headers: dict[str, str] | None = None) -> web.Response:
    status, message = REFUSALS[code]
    body = error_body(code, message, status)
    return web.Response(body=body, status=status, headers=JSON_HEADERS | (headers or {}))


async def _too_many_requests(_request: web.Request) -> web.StreamResponse:
    return _refuse(20429, {"Retry-After": "1"})


async def _internal_error(_request: web.Request) -> web.StreamResponse:
    return _refuse(20500)


async def _unavailable(_request: web.Request) -> web.StreamResponse:
    return _refuse(20503)


async def _stay_silent(request: web.Request) -> web.StreamResponse:
    """Send nothing until the client gives up."""
    end = time.monotonic() + MAX_SILENCE_SECONDS
    # aiohttp has no event for a client that went away.
    while time.monotonic() < end and not _is_gone(request):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return await _reset_connection(request)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


async def _reset_connection(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        wire = request.transport.get_extra_info("socket")
        if wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        request.transport.abort()
    return web.Response()


async def _html_page(_request: web.Request) -> web.StreamResponse:
    return web.Response(body=HTML_PAGE, status=HTTPStatus.BAD_GATEWAY, content_type="text/html")


# The part of a fault's name before its first underscore, and the response.
BREAKAGES: Final[dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]] = {
    "429": _too_many_requests,
    "500": _internal_error,
    "503": _unavailable,
    "timeout": _stay_silent,
    "reset": _reset_connection,
    "not": _html_page,
}
