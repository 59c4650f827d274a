"""Our own URLs: the routes that function_app.py registers, and the addresses Twilio is given."""

from __future__ import annotations

import re
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
TWIMLET_ROUTE: Final = "twiml/{name}"
PREVIEW: Final = "twiml/preview"
CALL_TWIML: Final = "twiml/calls/{id}"
TOKEN: Final = "token"  # noqa: S105 - a route, not a secret
STATUS: Final = "webhooks/status/{id}"
INBOUND_MESSAGE: Final = "webhooks/messages"
INBOUND_CALL: Final = "webhooks/calls"
FIND_RECIPIENT: Final = "recipients/find"
ERASE_RECIPIENT: Final = "recipients/erase"
HEALTH: Final = "health"
OPENAPI: Final = "openapi.json"
DOCS: Final = "docs"
DOCS_ASSET: Final = "docs/{file}"
OVERVIEW: Final = "overview"
CONSOLE: Final = "console"
CONSOLE_PART: Final = "console/{file}"
CONSOLE_DATA: Final = "console/data/{*path}"

FORWARD: Final = "forward"
TRACE: Final = "trace"
ENTRY: Final = "Entry"
COLLECTIONS: Final = {"message": MESSAGES, "call": CALLS}


def entry_path(kind: str, entry_id: str) -> str:
    """The path of an entry; an unreadable queue message is among the messages."""
    return f"{PREFIX}/{COLLECTIONS.get(kind, MESSAGES)}/{entry_id}"


def batch_path(batch_id: str) -> str:
    """The path of a batch."""
    return f"{PREFIX}/{BATCH.format(id=batch_id)}"


def status_callback_url(
    base: str, entry_id: str, forward: str | None = None, trace: str | None = None
) -> str:
    """Where Twilio reports on an entry; `forward` is where the report is passed on to.

    The signature covers the query, so nobody but us can say where to forward, or of which trace.
    """
    query = urlencode({n: v for n, v in ((FORWARD, forward), (TRACE, trace)) if v})
    return f"{base}{PREFIX}/{STATUS.format(id=entry_id)}{query and '?'}{query}"


def call_twiml_url(base: str, entry_id: str) -> str:
    """Where Twilio fetches the TwiML of a call that is too long to travel with it."""
    return f"{base}{PREFIX}/{CALL_TWIML.format(id=entry_id)}"


def twimlet_url(base: str, page: str) -> str:
    """The URL of a twimlet; `page` is its name with its query."""
    return f"{base}{PREFIX}/{TWIMLET_ROUTE.format(name=page)}"


def add_entry_to_urls(text: str, base: str, entry_id: str) -> str:
    """A URL or a TwiML document, in which each twimlet of ours is told whose call it serves.

    That is how what was pressed and dialled finds its entry: nothing else that we give to
    Twilio with a call comes back to a twimlet.
    """
    also = "&amp;" if text.lstrip().startswith("<") else "&"

    def told(url: re.Match[str]) -> str:
        return f"{url[0]}{also if '?' in url[0] else '?'}{ENTRY}={entry_id}"

    # Where a URL begins: alone, in an attribute, or as an element's text. Elsewhere it is words.
    begins = '(?:^|(?<=[">]))' + re.escape(twimlet_url(base, ""))
    return re.sub(begins + r"[a-z]+(?:\?[^\s\"'<>#]*)?", told, text)
