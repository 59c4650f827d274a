"""Reconciling: asking Twilio about messages and calls whose end it has not reported.

Twilio advises asking after twelve hours. A timer starts at the last run's mark, looks at what was
sent in each hour since then, and marks each hour as it is done. So history is never scanned, and an
interrupted run loses nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.errors import ProviderUnavailableError
from shared.jobs.events import Reported
from shared.ledger.opt_outs import OptOut
from shared.log import log
from shared.provider import statuses
from shared.provider.codes import OPTED_OUT

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind
    from shared.services import Services

_WINDOW: Final = timedelta(hours=1)
_MAX_CONCURRENT_REQUESTS: Final = 20


async def reconcile(app: Services) -> int:
    """Ask about entries without a final status; return how many reports were learned.

    A run stops early, without an error, where Twilio is away.
    """
    end = app.now() - timedelta(seconds=app.settings.status_poll_after_seconds)
    begin = await app.ledger.marks.newest() or end - _WINDOW
    learned = 0
    try:
        while begin < end:
            until = min(begin + _WINDOW, end)
            learned += await _reconcile_window(app, begin, until)
            await app.ledger.marks.set(until)
            begin = until
    except ProviderUnavailableError:
        log("reconcile_interrupted", at=begin)
    log("reconciled", learned=learned)
    return learned


async def _reconcile_window(app: Services, begin: datetime, until: datetime) -> int:
    slots = asyncio.Semaphore(_MAX_CONCURRENT_REQUESTS)

    async def ask(entry: Entry, delivery: Delivery) -> bool:
        async with slots:
            return await _ask(app, entry, delivery)

    learned = 0
    async for entry in app.ledger.owners.sent_between(begin, until):
        unfinished = [
            ask(entry, each)
            for each in entry.deliveries
            if each.sid and not statuses.is_final(each.twilio_status)
        ]
        learned += sum(await asyncio.gather(*unfinished))
    return learned


async def _ask(app: Services, entry: Entry, delivery: Delivery) -> bool:
    """Record what Twilio knows of a delivery, like a callback; False where that is nothing new."""
    kind: Kind = "call" if entry.kind == "call" else "message"
    record = await app.provider.fetch(kind, delivery.sid or "")
    known = statuses.rank(delivery.twilio_status or "")
    if record is None or statuses.rank(record.status) <= known:
        return False
    fields = {"CallbackSource": "asked"}
    if record.error_code:
        fields["ErrorCode"] = record.error_code
    if record.error_code == OPTED_OUT:
        await _remember_opt_out(app, entry, delivery)
    index = delivery.index if len(entry.deliveries) > 1 else None
    report = Reported(
        at=app.now(), status=record.status, sid=record.sid, index=index, fields=fields
    )
    return await app.ledger.record(entry.id, report)


async def _remember_opt_out(app: Services, entry: Entry, delivery: Delivery) -> None:
    """Remember a stop that Twilio knows of, for the entry's own sender and recipient."""
    accepted = entry.accepted
    if accepted is None or delivery.to is None:
        return
    sender = accepted.sender_to(delivery.to) or ""
    stop = OptOut(at=app.now(), number=delivery.to, sender=sender, says="stop", sid=delivery.id)
    await app.ledger.opt_outs.note(stop)
