"""The queue triggers: what Azure gives a function, as what `arrive` takes."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import azure.functions as func

    from shared.deliver.arrive import QueueMessage
    from shared.gateway import Gateway


async def deliver(msg: func.QueueMessage, gateway: Gateway) -> None:
    """Deliver what a queue message holds, or park it."""
    await gateway.arrive(_message(msg))


async def give_up(msg: func.QueueMessage, gateway: Gateway) -> None:
    """Park what a poison queue's message holds."""
    await gateway.arrive.give_up(_message(msg))


def _message(msg: func.QueueMessage) -> QueueMessage:
    from shared.deliver.arrive import QueueMessage

    return QueueMessage(
        body=msg.get_body(),
        id=str(msg.id or ""),
        inserted_at=_aware(getattr(msg, "insertion_time", None)),
        dequeue_count=msg.dequeue_count or 1,
    )


def _aware(at: datetime | None) -> datetime | None:
    """The worker gives times with or without a zone; they are UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
