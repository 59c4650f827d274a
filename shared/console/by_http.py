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

from shared.carrier.advice import ADVICE
from shared.carrier.codes import CODES
from shared.errors import NotFoundError

if TYPE_CHECKING:
    from shared.gateway import Gateway

_PAGE: Final = "index.html"
_CODES: Final = "codes.js"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_HERE: Final = Path(__file__).parent
PARTS: Final = (
    "account.js",
    "actions.js",
    "advice.js",
    "api.js",
    "batches.js",
    "console.css",
    "csv.js",
    "data.js",
    "dialogs.js",
    "dom.js",
    "entry.js",
    "events.js",
    "failures.js",
    "find.js",
    "help.js",
    "list.js",
    "main.js",
    "mask.js",
    "newest.js",
    "notices.js",
    "now.js",
    "phone_number.js",
    "plots.js",
    "poll.js",
    "preview.js",
    "segments.js",
    "send.js",
    "statuses.js",
    "story.js",
    "times.js",
    "upload.js",
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


async def page(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """The console itself."""
    del gateway
    return _reply(req, _PAGE)


async def part(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """A script or style of the console."""
    del gateway
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
    body = _codes() if name == _CODES else (_HERE / name).read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return _Part(body, _TYPES[Path(name).suffix], etag)


def _codes() -> bytes:
    """The table of error codes as a module.

    `codes[code]` is what it means and what to do; `futile` are those for which the same request
    would only fail again.
    """
    table = {code: said._asdict() for code, said in ADVICE.items()}
    futile = [code for code, said in CODES.items() if said.to_do == "refused"]
    return b"export const codes = %b;\nexport const futile = %b;\n" % (
        msgspec.json.encode(table),
        msgspec.json.encode(futile),
    )
