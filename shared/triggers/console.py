"""`GET /api/console` and its parts: static files and one table, the same for everybody.

The page holds no secret and asks nobody who they are; every call that it makes needs a key.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import azure.functions as func
import msgspec

from shared.errors import NotFoundError
from shared.provider.advice import ADVICE

if TYPE_CHECKING:
    from shared.app import App

_PAGE: Final = "index.html"
_CODES: Final = "codes.js"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_FILES: Final = Path(__file__).parent.parent / "console"
PARTS: Final = (
    "act.js",
    "api.js",
    "batches.js",
    "console.css",
    "dialogs.js",
    "dom.js",
    "entry.js",
    "failures.js",
    "find.js",
    "list.js",
    "main.js",
    "mask.js",
    "newest.js",
    "now.js",
    "plots.js",
    "poll.js",
    "send.js",
    "story.js",
    "times.js",
    "words.js",
)

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Kept, but asked about each time: a deployment shows at once.
    "Cache-Control": "no-cache",
}


class _Part(NamedTuple):
    body: bytes
    type: str
    etag: str


async def page(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """The console itself."""
    del app
    return _reply(req, _PAGE)


async def part(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """A script or style of the console."""
    del app
    name = req.route_params["file"]
    if name not in (*PARTS, _CODES):
        raise NotFoundError("the console has no part of this name")
    return _reply(req, name)


def _reply(req: func.HttpRequest, name: str) -> func.HttpResponse:
    found = _part(name)
    headers = {**HEADERS, "ETag": found.etag}
    if found.etag in req.headers.get("If-None-Match", ""):
        return func.HttpResponse(status_code=304, headers=headers)
    return func.HttpResponse(found.body, headers=headers, mimetype=found.type)


@cache
def _part(name: str) -> _Part:
    body = _codes() if name == _CODES else (_FILES / name).read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return _Part(body, _TYPES[Path(name).suffix], etag)


def _codes() -> bytes:
    """The table of error codes as a module: `codes[code]` is what it means and what to do."""
    table = {code: said._asdict() for code, said in ADVICE.items()}
    return b"export const codes = " + msgspec.json.encode(table) + b";\n"
