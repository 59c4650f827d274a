"""Our own URLs: the routes that function_app.py registers, and the addresses Twilio is given."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

PREFIX: Final = "/api"

MESSAGES: Final = "messages"
MESSAGE: Final = "messages/{id}"
RETRY_MESSAGE: Final = "messages/{id}/retry"
CALLS: Final = "calls"
CALL: Final = "calls/{id}"
RETRY_CALL: Final = "calls/{id}/retry"
BATCHES: Final = "batches"
BATCH: Final = "batches/{id}"
RETRY_BATCH: Final = "batches/{id}/retry"
TWIMLET: Final = "twiml/{name}"
CALL_TWIML: Final = "twiml/calls/{id}"
STATUS: Final = "webhooks/status/{id}"
HEALTH: Final = "health"

FORWARD: Final = "forward"
COLLECTION_OF_KIND: Final = {"message": MESSAGES, "call": CALLS}


def entry(kind: str, entry_id: str) -> str:
    """The path of an entry; an unreadable queue message is among the messages."""
    return f"{PREFIX}/{COLLECTION_OF_KIND.get(kind, MESSAGES)}/{entry_id}"


def batch(batch_id: str) -> str:
    """The path of a batch."""
    return f"{PREFIX}/{BATCH.format(id=batch_id)}"


def status_callback(base: str, entry_id: str, forward: str | None) -> str:
    """Where Twilio reports on an entry; `forward` is where the report is passed on to.

    The signature covers the query, so nobody but us can say where to forward.
    """
    query = "?" + urlencode({FORWARD: forward}) if forward else ""
    return f"{base}{PREFIX}/{STATUS.format(id=entry_id)}{query}"


def call_twiml(base: str, entry_id: str) -> str:
    """Where Twilio fetches the TwiML of a call that is too long to travel with it."""
    return f"{base}{PREFIX}/{CALL_TWIML.format(id=entry_id)}"
