"""`GET /api/health`: whether the app can do its work; queue and table are really tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.triggers.responses import json_response
from shared.triggers.schemas import HealthResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def health(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 when all is usable, else 503 naming what is not; wrong settings are listed.

    An answer is reused for a few seconds.
    """
    del req
    app.settings  # noqa: B018 - raises SettingsError, which says everything
    checks = {"settings": "usable", **await app.storage_checks.run()}
    is_usable = all(check == "usable" for check in checks.values())
    body = HealthResponse(status="usable" if is_usable else "not usable", checks=checks)
    return json_response(body, status=200 if is_usable else 503)
