"""Whether the app can do its work: settings, queue and table, each tried for real."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shared.errors import StorageUnavailableError
from shared.triggers.responses import json_response

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def health(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """200 when all is usable, else 503 naming what is not; wrong settings are listed by name."""
    del req
    app.settings  # noqa: B018 - raises SettingsError, which says everything
    tried = await asyncio.gather(app.queues.lengths(), app.table.check(), return_exceptions=True)
    checks: dict[str, Any] = {"settings": "usable"}
    for name, outcome in zip(("queue", "table"), tried, strict=True):
        if isinstance(outcome, BaseException) and not isinstance(outcome, StorageUnavailableError):
            raise outcome
        checks[name] = str(outcome) if isinstance(outcome, BaseException) else "usable"
    usable = all(check == "usable" for check in checks.values())
    body = {"status": "usable" if usable else "not usable", "checks": checks}
    return json_response(body, status=200 if usable else 503)
