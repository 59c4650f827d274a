"""`GET /api/overview`: the last hour, the queues and Twilio, as the console shows them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.errors import StorageUnavailableError
from shared.ledger.overview import summarize_hour
from shared.triggers.responses import json_response
from shared.triggers.schemas import AccountState, OverviewResponse, QueueState, TwilioState

if TYPE_CHECKING:
    from datetime import datetime

    import azure.functions as func

    from shared.app import App
    from shared.ledger.provider_health import Contact
    from shared.storage.queues import Queues

# An answer that is older says little about now; Twilio is asked then.
_STALE_AFTER: Final = timedelta(minutes=5)


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer with the counts of the last hour, the queues, and whether Twilio answers.

    Whether Twilio answers is known from the newest send; where that is more than five minutes old,
    Twilio is asked, at most once a minute.
    """
    del req
    now = app.now()
    hour, queues = await asyncio.gather(summarize_hour(app.table, now), _queues(app.queues, now))
    counts = {name: value for name, value in vars(hour).items() if name != "contact"}
    return json_response(
        OverviewResponse(
            **counts,
            queues=queues,
            twilio=await _twilio(app, hour.contact, now),
            account=AccountState(
                simulator=app.settings.is_simulated,
                sid=app.settings.twilio_account_sid,
                sender=app.settings.default_sender,
            ),
        )
    )


async def _queues(queues: Queues, now: datetime) -> dict[str, QueueState] | None:
    try:
        lengths, oldest = await asyncio.gather(queues.lengths(), queues.oldest())
    except StorageUnavailableError:
        return None
    return {
        name: QueueState(length=length, oldest_seconds=_age(oldest.get(name), now))
        for name, length in lengths.items()
    }


def _age(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, round((now - at).total_seconds()))


async def _twilio(app: App, contact: Contact | None, now: datetime) -> TwilioState:
    if contact is not None and now - contact.at < _STALE_AFTER:
        return TwilioState(**contact._asdict(), by="sending")
    probed = await app.probe()
    return TwilioState(answers=probed.answers, at=probed.at, code=None, by="asking")
