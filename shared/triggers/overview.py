"""`GET /api/overview`: the last hour, the queues and Twilio, as the console shows them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.errors import StorageUnavailableError
from shared.ledger.overview import summarize_hour
from shared.triggers.responses import json_response

if TYPE_CHECKING:
    from datetime import datetime

    import azure.functions as func

    from shared.app import App
    from shared.ledger.provider_health import Contact
    from shared.storage.queues import Queues

# An answer that is older says little about now; Twilio is asked then.
_STALE: Final = timedelta(minutes=5)


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """What shared/ledger/overview.py counts, the queues, and how Twilio is.

    `queues`: `{name: {"length", "oldest_seconds"|null}}`, or null where they do not answer;
    hidden messages count in the length, `oldest_seconds` is the age of the one that is next.
    `twilio`: `{"answers", "at", "code"|null, "by": "sending"|"asking"}`, by the newest request
    that was sent, and where that is more than five minutes old by asking, once a minute.
    """
    del req
    now = app.now()
    seen, queues = await asyncio.gather(summarize_hour(app.table, now), _queues(app.queues, now))
    twilio = await _twilio(app, seen.contact, now)
    return json_response({**seen.counted, "queues": queues, "twilio": twilio})


async def _queues(queues: Queues, now: datetime) -> dict[str, Any] | None:
    try:
        lengths, oldest = await asyncio.gather(queues.lengths(), queues.oldest())
    except StorageUnavailableError:
        return None
    return {
        name: {
            "length": length,
            "oldest_seconds": (at := oldest.get(name))
            and max(0, round((now - at).total_seconds())),
        }
        for name, length in lengths.items()
    }


async def _twilio(app: App, contact: Contact | None, now: datetime) -> dict[str, Any]:
    if contact is not None and now - contact.at < _STALE:
        return {**contact._asdict(), "by": "sending"}
    probed = await app.probe()
    return {"answers": probed.answers, "at": probed.at, "code": None, "by": "asking"}
