"""What the timers do."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.receive import QueueMessage, receive_poison
from shared.deliver.reconcile import reconcile as reconcile_statuses
from shared.deliver.sweep import sweep
from shared.inbound.events import publish_abandoned
from shared.ledger.retention import forget_before
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.app import App

# host.json ends a function after ten minutes; what is left over is for the next run.
_MAX_DURATION: Final = timedelta(minutes=8)


async def reconcile(app: App) -> None:
    """Ask Twilio about messages and calls whose end it has not reported; put back orphans."""
    await sweep(app)
    await reconcile_statuses(app)


async def release_scheduled(app: App) -> None:
    """Put on its queue what is due before the next run, for a while; the next run goes on."""
    if count := await app.ledger.schedule.release(app.queues, app.now, enough=_time_is_up(app)):
        log("released", count=count)


async def watch(app: App) -> None:
    """Log how long the queues are, and pick up what was left behind.

    That is what reached us while its worker died, and what stays on a poison queue. Each is done
    whatever becomes of the others.
    """
    outcomes = await asyncio.gather(
        _log_queues(app), publish_abandoned(app), _park_poison(app), return_exceptions=True
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _log_queues(app: App) -> None:
    """Log how long each queue is, and how long the message has been due that it gives next."""
    lengths, oldest = await asyncio.gather(app.queues.lengths(), app.queues.oldest())
    for queue, length in lengths.items():
        put_at = oldest.get(queue)
        age = 0.0 if put_at is None else (app.now() - put_at).total_seconds()
        log("queue_watched", queue=queue, length=length, oldest_seconds=round(age))


async def _park_poison(app: App) -> None:
    """Park what stays on a poison queue because Azure's worker fails on it before the app does."""
    for message in await app.queues.take_poison():
        seen = QueueMessage(
            body=message.body, id=message.id, inserted_at=message.inserted_at, dequeue_count=1
        )
        await receive_poison(app, seen)
        await app.queues.delete_poison(message)


async def forget(app: App) -> None:
    """Delete what is older than RETENTION_DAYS, for a while; the next run goes on."""
    before = app.now() - timedelta(days=app.settings.retention_days)
    await forget_before(app.ledger, before, enough=_time_is_up(app))


def _time_is_up(app: App) -> Callable[[], bool]:
    """Return what says whether a run that begins now has lasted for `_MAX_DURATION`."""
    end = app.now() + _MAX_DURATION
    return lambda: app.now() > end
