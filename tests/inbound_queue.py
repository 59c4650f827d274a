"""What the app has put on the queue `inbound`."""

import json
from typing import Any

from tests.in_memory_app import Configure, InMemoryApp

__all__ = ["Configure", "inbound"]


def inbound(app: InMemoryApp) -> list[dict[str, Any]]:
    """Return what is on the queue `inbound`, without taking it."""
    return [json.loads(put.message) for put in app.queues.puts if put.queue == "inbound"]
