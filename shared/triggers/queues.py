"""The queue triggers: what Azure gives a function, as what delivering takes."""

from __future__ import annotations

import logging
from datetime import UTC
from typing import TYPE_CHECKING

from shared.deliver.receive import (
    QueueMessage,
    put_message_back,
    receive_message,
    receive_poison,
)
from shared.errors import SettingsError
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    import azure.functions as func

    from shared.app import App


async def deliver(msg: func.QueueMessage, app: App) -> None:
    """Deliver what a queue message holds, or park it; wait while the settings are wrong."""
    message = _read(msg)
    try:
        await receive_message(app, message)
    except SettingsError as error:
        log("settings_wrong", level=logging.ERROR, problems=str(error))
        await put_message_back(app.queues_alone, message)


async def park(msg: func.QueueMessage, app: App) -> None:
    """Park what a message of a poison queue holds."""
    await receive_poison(app, _read(msg))


def _read(msg: func.QueueMessage) -> QueueMessage:
    at: datetime | None = getattr(msg, "insertion_time", None)
    if at is not None and at.tzinfo is None:
        at = at.replace(tzinfo=UTC)  # the zone of the worker's times, which it sometimes leaves out
    return QueueMessage(
        body=msg.get_body(),
        id=str(msg.id or ""),
        inserted_at=at,
        dequeue_count=msg.dequeue_count or 1,
    )
