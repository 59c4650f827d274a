"""`GET /api/health`: whether the app can do its work; queue and table are really tried."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from shared.errors import StorageUnavailableError
from shared.triggers.responses import json_response
from shared.triggers.schemas import HealthResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def health(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 when all is usable, else 503 naming what is not; wrong settings are listed."""
    del req
    app.settings  # noqa: B018 - raises SettingsError, which says everything
    outcomes = await asyncio.gather(app.queues.lengths(), app.table.check(), return_exceptions=True)
    checks = {"settings": "usable"}
    for name, outcome in zip(("queue", "table"), outcomes, strict=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, StorageUnavailableError):
            raise outcome
        checks[name] = str(outcome) if isinstance(outcome, BaseException) else "usable"
    is_usable = all(check == "usable" for check in checks.values())
    body = HealthResponse(status="usable" if is_usable else "not usable", checks=checks)
    return json_response(body, status=200 if is_usable else 503)
