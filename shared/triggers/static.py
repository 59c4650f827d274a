"""Static files: pages, scripts and styles that hold no secret and are the same for everyone."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import azure.functions as func

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
_SHARED: Final = Path(__file__).parent.parent
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # A browser keeps a copy, but asks each time: a deployment shows at once.
    "Cache-Control": "no-cache",
}


class StaticFile(NamedTuple):
    """A file as it is served; `encoding` is `gzip` for one that is stored compressed."""

    body: bytes
    mimetype: str
    etag: str
    encoding: str = ""


@cache
def read_file(folder: str, name: str) -> StaticFile:
    """Return a file of a folder beside `triggers`; a `.gz` is served under its name without it."""
    path = _SHARED / folder / name
    compressed = path.with_name(f"{name}.gz")
    is_compressed = compressed.exists()
    body = (compressed if is_compressed else path).read_bytes()
    return make_file(name, body, "gzip" if is_compressed else "")


def make_file(name: str, body: bytes, encoding: str = "") -> StaticFile:
    """Return a file of this name that is made in memory."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    return StaticFile(body, _TYPES[Path(name).suffix], etag, encoding)


def serve(req: func.HttpRequest, file: StaticFile, headers: Mapping[str, str]) -> func.HttpResponse:
    """Answer with a file, or with 304 where the browser has it."""
    headers = {**SECURITY_HEADERS, **headers, "ETag": file.etag}
    if file.etag in req.headers.get("If-None-Match", ""):
        return func.HttpResponse(status_code=304, headers=headers)
    if file.encoding:
        headers["Content-Encoding"] = file.encoding
    return func.HttpResponse(file.body, headers=headers, mimetype=file.mimetype)
