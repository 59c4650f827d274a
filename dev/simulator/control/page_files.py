"""Serve the phone page: the files of page/, under a strict policy."""

from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import web

FOLDER: Final = Path(__file__).parents[1] / "page"
KINDS: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Trusted types make the browser refuse markup that is built from text.
POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' https:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
)
HEADERS: Final = {
    "Content-Security-Policy": "; ".join(POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


async def get_file(request: web.Request) -> web.Response:
    """Return one file of the page, read each time, so that an edit shows on reload."""
    path = FOLDER / request.match_info.get("name", "index.html")
    if not path.is_file():
        return web.Response(status=HTTPStatus.NOT_FOUND)
    kind = KINDS.get(path.suffix, "application/octet-stream")
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)


ROUTES: Final = [web.get("/", get_file), web.get(r"/page/{name:[a-z_]+\.[a-z]+}", get_file)]
