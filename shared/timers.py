"""What the timers do."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.gateway import Gateway


async def reconcile(gateway: Gateway) -> None:
    """Ask Twilio about what it has not reported the end of."""
    await gateway.reconcile()


async def forget(gateway: Gateway) -> None:
    """Delete what RETENTION_DAYS no longer keeps."""
    from shared.ledger.retention import forget as forget_before

    before = gateway.now() - timedelta(days=gateway.settings.retention_days)
    await forget_before(gateway.ledger, before)
