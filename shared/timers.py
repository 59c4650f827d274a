"""What the timers do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from shared.log import log

if TYPE_CHECKING:
    from shared.gateway import Gateway


async def reconcile(gateway: Gateway) -> None:
    """Ask Twilio about what it has not reported the end of."""
    await gateway.reconcile()


async def pass_on(gateway: Gateway) -> None:
    """Pass on what reached us while its worker died."""
    await gateway.inbound.pass_on_what_is_left()


async def watch(gateway: Gateway) -> None:
    """Log how long each queue is, and since when what it gives next has been on it."""
    lengths, oldest = await asyncio.gather(gateway.queue.lengths(), gateway.queue.oldest())
    for queue, length in lengths.items():
        put_at = oldest.get(queue)
        age = 0.0 if put_at is None else (gateway.now() - put_at).total_seconds()
        log("queue_watched", queue=queue, length=length, oldest_seconds=round(age))


async def forget(gateway: Gateway) -> None:
    """Delete what RETENTION_DAYS no longer keeps."""
    from shared.ledger.retention import forget as forget_before

    before = gateway.now() - timedelta(days=gateway.settings.retention_days)
    await forget_before(gateway.ledger, before)
