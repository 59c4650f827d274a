"""Refuse requests of other sites' pages, and turn mistakes into JSON errors."""

import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

LOCAL: Final = re.compile(r"(https?://)?(127\.0\.0\.1|localhost|\[::1\])(:\d+)?")
PAGE: Final = re.compile(r"/(page/.*)?")  # a link on another site may open the page


def problem(status: int, detail: str) -> web.Response:
    """Return an error of the simulator's own paths."""
    body = msgspec.json.encode({"error": detail})
    return web.Response(body=body, status=status, content_type="application/json")


def _is_from_here(request: web.Request) -> bool:
    """Whether a request comes from a program or a page of this machine."""
    if not LOCAL.fullmatch(request.host):
        return False  # a name that somebody pointed at 127.0.0.1
    if PAGE.fullmatch(request.path):
        return True
    origin = request.headers.get("Origin")
    is_local = origin is None or LOCAL.fullmatch(origin) is not None
    return is_local and request.headers.get("Sec-Fetch-Site") != "cross-site"


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 403 to other sites, and 400 with the reason to a bad body or parameter."""
    if not _is_from_here(request):
        detail = "only for programs and pages of this machine: use http://127.0.0.1"
        return problem(HTTPStatus.FORBIDDEN, detail)
    if not request.path.startswith("/_simulator"):
        return await handler(request)
    try:
        return await handler(request)
    except web.HTTPNotFound as missing:
        return problem(missing.status, str(missing.text))
    except (ValueError, msgspec.MsgspecError) as error:
        return problem(HTTPStatus.BAD_REQUEST, str(error))


async def refuse_unknown_path(request: web.Request) -> web.Response:
    """Answer an unknown path or method below ``/_simulator``."""
    detail = f"there is no {request.method} {request.path}; docs/simulator.md lists the paths"
    return problem(HTTPStatus.NOT_FOUND, detail)
