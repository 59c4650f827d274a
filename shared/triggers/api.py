"""`GET /api/openapi.json` and `GET /api/docs`."""

from __future__ import annotations

import azure.functions as func


async def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """The OpenAPI document."""
    from shared.triggers.openapi.document import document

    del req
    return func.HttpResponse(document(), mimetype="application/json")


async def docs(req: func.HttpRequest) -> func.HttpResponse:
    """The page to read, which runs no script and loads nothing."""
    from shared.triggers.openapi.page import page, style_hash

    del req
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_hash()}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return func.HttpResponse(page(), headers=headers, mimetype="text/html")
