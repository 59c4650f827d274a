"""The HTTP server: aiohttp with the limits of Kestrel, the real host's server."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web

MAX_BODY_BYTES = 100 * 1024 * 1024
MAX_REQUEST_LINE_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 32 * 1024
MAX_HEADERS = 100
LINE_END = len("\r\n")
AROUND_TARGET = len("  HTTP/1.1\r\n")
# Above what a request may have: a request that is only a little too large gets Kestrel's answer.
PARSER_LIMITS: dict[str, Any] = {
    "max_line_size": 2**20,
    "max_field_size": 2**20,
    "max_headers": 2**12,
}

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class ShortBodyError(Exception):
    """The client ended its half of the connection before the body was complete."""


class Connection(web.RequestHandler):
    """A connection whose client may send no more, and still gets an answer."""

    has_ended = False

    def eof_received(self) -> bool | None:  # type: ignore[override] # asyncio's own type
        """Fail the body that is being read; keep the connection while an answer is due."""
        self.has_ended = True
        is_idle = self._waiter is not None and not self._waiter.done()
        if is_idle:
            return None
        if self._current_request is not None:
            fail_short_body(self._current_request)
        return True


class Server(web.Server):
    """Makes a Connection for each client."""

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self, loop=self._loop, **self._kwargs)


def make_runner(handler: Handler, shutdown_seconds: float) -> web.ServerRunner:
    """Return a runner whose `handler` answers every request."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if getattr(request.protocol, "has_ended", False):
            fail_short_body(request)
        response = await handler(request)
        if getattr(request.protocol, "has_ended", False):
            response.force_close()
        return response

    server = Server(
        handle,
        request_factory=partial(
            web.BaseRequest,
            loop=asyncio.get_running_loop(),
            client_max_size=MAX_BODY_BYTES,
        ),
        access_log=None,
        auto_decompress=False,  # the real host leaves a Content-Encoding to the function
        **PARSER_LIMITS,
    )
    return web.ServerRunner(server, shutdown_timeout=shutdown_seconds)


def fail_short_body(request: web.BaseRequest) -> None:
    """Make reading an incomplete body fail."""
    if not request.content.is_eof():
        request.content.set_exception(ShortBodyError("the body is shorter than its Content-Length"))


def find_excess(request: web.BaseRequest) -> int | None:
    """Return the status for a request that is too large in some part, or None."""
    if len(request.method) + len(request.raw_path) + AROUND_TARGET > MAX_REQUEST_LINE_BYTES:
        return 414
    headers = request.raw_headers
    total = sum(len(name) + len(": ") + len(value) + LINE_END for name, value in headers)
    if total > MAX_HEADERS_BYTES or len(headers) > MAX_HEADERS:
        return 431
    return 413 if (request.content_length or 0) > MAX_BODY_BYTES else None


async def read_body(request: web.BaseRequest) -> bytes:
    """Read the body, if its length was declared: the host loses one that is sent in chunks.

    Raises:
        ShortBodyError: it is shorter than its Content-Length.
    """
    if not request.content_length:
        return b""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return await request.read()
