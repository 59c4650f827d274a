"""Whether the app can do its work: settings, queue and table, each tried for real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.triggers.responses import json_response

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


async def health(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 when all is usable, else 503 naming what is not; wrong settings by name.

    What was found is true for a few seconds.
    """
    del req
    app.settings  # noqa: B018 - raises SettingsError, which says everything
    checks = {"settings": "usable", **await app.storage_checks.run()}
    usable = all(check == "usable" for check in checks.values())
    body = {"status": "usable" if usable else "not usable", "checks": checks}
    return json_response(body, status=200 if usable else 503)
