"""`GET /api/health`: whether the app can do its work; queue and table are really tried.

Twilio is tried too, but does not decide: while it is silent, accepted messages wait, and the
platform must not take instances away that accept more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from shared.triggers.responses import json_response
from shared.triggers.schemas import FieldProblem, HealthResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


_USABLE: Final = "usable"


async def health(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 when all is usable, else 503 naming what is not; wrong settings are listed.

    Storage is tried once in five seconds, Twilio once a minute, and each answers within three.
    """
    del req
    settings = app.settings
    storage, twilio = await asyncio.gather(app.storage_checks.run(), _check_twilio(app))
    is_usable = all(check == _USABLE for check in storage.values())
    body = HealthResponse(
        status="usable" if is_usable else "not usable",
        checks={"settings": _USABLE, **storage, "twilio": twilio},
        warnings=[FieldProblem(each.path, each.code, each.message) for each in settings.warnings],
    )
    return json_response(body, status=200 if is_usable else 503)


async def _check_twilio(app: App) -> str:
    probed = await app.probe()
    if probed.answers:
        return _USABLE
    return f"did not answer at {probed.at:%H:%M:%S} UTC; what is accepted waits until it does"
