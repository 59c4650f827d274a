"""What the timers do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.reconcile import reconcile as reconcile_statuses
from shared.inbound.events import publish_abandoned
from shared.ledger.retention import forget_before
from shared.log import log

if TYPE_CHECKING:
    from shared.app import App

# host.json ends a function after ten minutes.
_MAX_FORGET_DURATION: Final = timedelta(minutes=8)


async def reconcile(app: App) -> None:
    """Ask Twilio about messages and calls whose end it has not reported."""
    await reconcile_statuses(app)


async def publish_inbound(app: App) -> None:
    """Publish what reached us while its worker died."""
    await publish_abandoned(app)


async def watch(app: App) -> None:
    """Log how long each queue is, and how old the message is that it gives next."""
    lengths, oldest = await asyncio.gather(app.queues.lengths(), app.queues.oldest())
    for queue, length in lengths.items():
        put_at = oldest.get(queue)
        age = 0.0 if put_at is None else (app.now() - put_at).total_seconds()
        log("queue_watched", queue=queue, length=length, oldest_seconds=round(age))


async def forget(app: App) -> None:
    """Delete what is older than RETENTION_DAYS, for a while; the next run goes on."""
    begun = app.now()
    before = begun - timedelta(days=app.settings.retention_days)
    await forget_before(app.ledger, before, enough=lambda: app.now() - begun > _MAX_FORGET_DURATION)
