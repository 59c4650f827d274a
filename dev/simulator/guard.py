"""Keeps web pages from elsewhere out of the simulator's own paths, and words errors as JSON."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

import msgspec
from aiohttp import web

LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")


def _is_local(address: str) -> bool:
    host = address.rpartition("://")[2]
    return any(host == name or host.startswith(f"{name}:") for name in LOCAL_HOSTS)


def problem(status: int, detail: str) -> web.Response:
    """An error of the simulator's own paths."""
    body = msgspec.json.encode({"error": detail})
    return web.Response(body=body, status=status, content_type="application/json")


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let only this machine's own pages and programs in; a mistake becomes 400 in words."""
    if not request.path.startswith("/_simulator"):
        return await handler(request)
    origin = request.headers.get("Origin")
    if not _is_local(request.host) or (origin is not None and not _is_local(origin)):
        return problem(HTTPStatus.FORBIDDEN, "only for pages and programs of this machine")
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return problem(HTTPStatus.FORBIDDEN, "only for pages and programs of this machine")
    try:
        return await handler(request)
    except web.HTTPNotFound as missing:
        return problem(missing.status, str(missing.text))
    except (ValueError, msgspec.MsgspecError) as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))


async def nowhere(request: web.Request) -> web.Response:
    """The answer to every unknown path of the simulator's own."""
    return problem(HTTPStatus.NOT_FOUND, f"no {request.method} of {request.path} here")
