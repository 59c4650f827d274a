"""`GET /api/openapi.json` for programs, and `GET /api/docs` to read and to try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import azure.functions as func

from shared.errors import NotFoundError
from shared.triggers.openapi.document import document
from shared.triggers.static import read_file, serve

if TYPE_CHECKING:
    from shared.app import App

_FOLDER: Final = "apidocs"
ASSETS: Final = ("swagger-ui.js", "swagger-ui.css", "docs.js", "docs.css")
_HEADERS: Final = {
    # Swagger UI sets styles of its own in the page; scripts come from here only.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}


async def openapi(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with the OpenAPI document."""
    del req, app
    return func.HttpResponse(document(), mimetype="application/json")


async def docs(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with the page that shows the document."""
    del app
    return serve(req, read_file(_FOLDER, "index.html"), _HEADERS)


async def asset(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with a script or style of that page."""
    del app
    name = req.route_params["file"]
    if name not in ASSETS:
        raise NotFoundError("the page has no file with this name")
    return serve(req, read_file(_FOLDER, name), _HEADERS)
