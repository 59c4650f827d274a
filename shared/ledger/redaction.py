"""Removing the content of one message or call on request, and who got it.

Here, as in the erasing of a person, rows are replaced: what happened stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shared.jobs import events, ids
from shared.jobs.events import Accepted, Claim, Noted, Reported, Retried
from shared.ledger.erasure import redact_accepted
from shared.ledger.index import pointer
from shared.ledger.ledger import event_row

if TYPE_CHECKING:
    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Entry
    from shared.ledger.ledger import Ledger


async def redact_entry(ledger: Ledger, entry: Entry, *, body_only: bool = False) -> None:
    """Remove the text of an entry with one recipient, and unless `body_only` who got it too."""
    for event in entry.events:
        kept = _redact(event, body_only=body_only)
        if kept != event:
            row = event_row(entry.id, event)._replace(text=events.encode(kept))
            await ledger.table.replace(row)
        if isinstance(event, Retried) and event.key:
            await ledger.forget_answer(event.key)
    if not body_only:
        to = filter(None, (delivery.to for delivery in entry.deliveries))
        starts = ledger.index.starts_of_recipients(to)
        keys = [start + pointer(ids.row(entry.id), 0) for start in starts]
        await ledger.table.delete(ids.partition(entry.id), keys)


def _redact(event: AnyEvent, *, body_only: bool) -> AnyEvent:
    if isinstance(event, Accepted):
        return _redact_accepted(event, body_only=body_only)
    if isinstance(event, Claim) and event.accepted is not None:
        accepted = _redact_accepted(event.accepted, body_only=body_only)
        return msgspec.structs.replace(event, accepted=accepted)
    if isinstance(event, Reported | Noted) and not body_only:
        return msgspec.structs.replace(event, fields={})
    return event


def _redact_accepted(accepted: Accepted, *, body_only: bool) -> Accepted:
    if not body_only:
        return redact_accepted(accepted, {0})
    request: dict[str, Any] = msgspec.json.decode(accepted.request)
    request = {name: value for name, value in request.items() if name != "content_variables"}
    encoded = msgspec.Raw(msgspec.json.encode({**request, "body": ""}))
    return msgspec.structs.replace(accepted, request=encoded, values=())
