"""`GET /api/console`: the operations console, static files and one table.

The page holds no secret and needs no key; every call that it makes does.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from shared.errors import NotFoundError
from shared.provider.advice import ADVICE
from shared.provider.codes import CODES
from shared.triggers.static import StaticFile, make_file, read_file, serve

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App

_FOLDER: Final = "console"
_CODES: Final = "codes.js"
PARTS: Final = (
    "account.js",
    "actions.js",
    "advice.js",
    "alert_actions.js",
    "alert_panel.js",
    "alert_words.js",
    "alerts.js",
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
    "inbound.js",
    "list.js",
    "main.js",
    "mask.js",
    "newest.js",
    "notices.js",
    "now.js",
    "person.js",
    "phone_number.js",
    "plots.js",
    "poll.js",
    "preview.js",
    "received.js",
    "segments.js",
    "send.js",
    "statuses.js",
    "story.js",
    "times.js",
    "unread.js",
    "upload.js",
)

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}


async def page(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with the console itself."""
    del app
    return serve(req, read_file(_FOLDER, "index.html"), _HEADERS)


async def part(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with a script or style of the console."""
    del app
    name = req.route_params["file"]
    if name == _CODES:
        return serve(req, _codes(), _HEADERS)
    if name not in PARTS:
        raise NotFoundError("the console has no file with this name")
    return serve(req, read_file(_FOLDER, name), _HEADERS)


@cache
def _codes() -> StaticFile:
    """Return the table of error codes as a module.

    `codes[code]` is what a code means and what to do about it; `futile` are the codes for which the
    same request would only fail again.
    """
    table = {code: advice._asdict() for code, advice in ADVICE.items()}
    futile = [code for code, known in CODES.items() if known.to_do == "refused"]
    module = b"export const codes = %b;\nexport const futile = %b;\n" % (
        msgspec.json.encode(table),
        msgspec.json.encode(futile),
    )
    return make_file(_CODES, module)
