"""What reaches us goes on the queue `inbound`, for any program to read.

A message on that queue is `{"event", "sid", "from", "to", "at"}` and what belongs to the event.
Twilio may repeat a webhook at once or much later; `event` and `sid` identify it. Only a worker that
dies between the put and the next step makes a second message.

What is not needed to answer is imported where something is published.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.errors import CallerError, StorageUnavailableError
from shared.log import log
from shared.phone_numbers import mask_number
from shared.storage.queues import INBOUND_QUEUE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.ledger.received import Note
    from shared.services import Services
    from shared.twiml.twimlets.request import InboundEvent, OutgoingText

# A note this old has no owner: storage has given up on every step of its worker.
_ABANDONED_AFTER: Final = timedelta(minutes=2)
# During these a person is on the line, and hears an answer even while storage is away.
_ON_THE_LINE: Final = frozenset({"call", "voicemail"})
_ON_THE_LINE_TIMEOUT_SECONDS: Final = 5.0
_OPT_OUT_ACTIONS: Final[dict[str, Literal["stop", "start"]]] = {
    "opt_out": "stop",
    "opt_in": "start",
}


async def publish(
    app: Services, events: Sequence[InboundEvent], texts: Sequence[OutgoingText] = ()
) -> None:
    """Publish events and send texts; a person who is on the line does not wait for storage.

    Raises:
        StorageUnavailableError: nobody is on the line, so Twilio may try again.
    """
    is_on_the_line = any(event.event in _ON_THE_LINE for event in events)
    try:
        async with asyncio.timeout(_ON_THE_LINE_TIMEOUT_SECONDS if is_on_the_line else None):
            for event in events:
                await publish_event(app, event)
            for text in texts:
                await _send_text(app, text)
    except (StorageUnavailableError, TimeoutError):
        if not is_on_the_line:
            raise
        log("inbound_not_kept", level=logging.ERROR, what=[each[:2] for each in events])


async def publish_event(app: Services, event: InboundEvent) -> None:
    """Publish an event, unless it is being published or was published before.

    Raises:
        StorageUnavailableError: it may or may not be kept; Twilio may ask again, but need not.
    """
    import msgspec

    from shared.ledger.received import Note

    at = app.now()
    fields = {"event": event.event, "sid": event.sid, "from": event.from_, "to": event.to}
    text = msgspec.json.encode({**fields, "at": at, **event.details}).decode()
    note = Note(_name_of(event), at, f"{app.random():x}", text)
    if await app.ledger.received.open(note):
        await _publish_note(app, note)


async def publish_abandoned(app: Services) -> None:
    """Publish what workers left behind when they died."""
    async for note in app.ledger.received.left():
        if app.now() - note.at >= _ABANDONED_AFTER:
            await _publish_note(app, note)


async def _publish_note(app: Services, note: Note) -> None:
    import msgspec

    fields = msgspec.json.decode(note.text)
    # What came of a call or message of ours names us first.
    person = fields["to"] if "id" in fields else fields["from"]
    if await app.ledger.received.is_first(note, person):
        await _remember_opt_out(app, fields, note.at)
        await app.queues.put(INBOUND_QUEUE, note.text.encode())
        log("inbound", what=fields["event"], sid=fields["sid"])
    await app.ledger.received.close(note.name)


async def _remember_opt_out(app: Services, fields: dict[str, Any], at: datetime) -> None:
    """Remember a stop or start for the number that was texted and for its Messaging Service."""
    from shared.ledger.opt_outs import OptOut

    action = _OPT_OUT_ACTIONS.get(fields["event"])
    if action is None:
        return
    for sender in filter(None, (fields["to"], fields.get("messaging_service_sid"))):
        note = OptOut(at=at, number=fields["from"], sender=sender, says=action, sid=fields["sid"])
        await app.ledger.opt_outs.note(note)


async def _send_text(app: Services, text: OutgoingText) -> None:
    """Send a text like any other; one that cannot be sent does not keep us from answering."""
    from shared.accept.accept import accept_request

    try:
        fields = {"to": text.to, "body": text.body}
        await accept_request(app, "message", fields, key=text.idempotency_key)
    except CallerError as error:
        log("text_refused", level=logging.WARNING, to=mask_number(text.to), why=str(error))


def _name_of(event: InboundEvent) -> str:
    """Return a name that only the same event of the same SID has."""
    import msgspec

    identity = event.sid or [event.from_, event.to, event.details]
    return hashlib.sha256(msgspec.json.encode([event.event, identity])).hexdigest()
