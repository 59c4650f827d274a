"""`GET /api/overview`: the last hour, the queues and Twilio, as the console shows them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.errors import StorageUnavailableError
from shared.http_replies import json_reply

if TYPE_CHECKING:
    from datetime import datetime

    import azure.functions as func

    from shared.deliver.job_queue import JobQueue
    from shared.gateway import Gateway
    from shared.ledger.last_heard import Heard

# An answer that is older says little about now; Twilio is asked then.
_STALE: Final = timedelta(minutes=5)


async def overview(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """What shared/ledger/overview.py counts, the queues, and how Twilio is.

    `queues`: `{name: {"length", "oldest_seconds"|null}}`, or null where they do not answer;
    hidden messages count in the length, `oldest_seconds` is the age of the one that is next.
    `twilio`: `{"answers", "at", "code"|null, "by": "sending"|"asking"}`, by the newest request
    that was sent, and where that is more than five minutes old by asking, once a minute.
    """
    from shared.ledger.overview import overview as look_at

    del req
    now = gateway.now()
    seen, queues = await asyncio.gather(look_at(gateway.rows, now), _queues(gateway.queue, now))
    twilio = await _twilio(gateway, seen.heard, now)
    return json_reply({**seen.counted, "queues": queues, "twilio": twilio})


async def _queues(queue: JobQueue, now: datetime) -> dict[str, Any] | None:
    try:
        lengths, oldest = await asyncio.gather(queue.lengths(), queue.oldest())
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


async def _twilio(gateway: Gateway, heard: Heard | None, now: datetime) -> dict[str, Any]:
    if heard is not None and now - heard.at < _STALE:
        return {**heard._asdict(), "by": "sending"}
    probed = await gateway.probe()
    return {"answers": probed.answers, "at": probed.at, "code": None, "by": "asking"}
