"""What reaches us goes on the queue `inbound`, for any program to read.

A message on that queue is `{"event", "sid", "from", "to", "at"}`, what belongs to the event, and
every other field of Twilio's in snake_case. Twilio may repeat a webhook at once or much later;
`event` and `sid` identify it. Each is published at least once: a second message of the same
`event` and `sid` comes only if a worker dies, or storage's answer is lost, between the put and the
next step.

What is not needed to answer is imported where something is published.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from shared.errors import CallerError, StorageUnavailableError
from shared.forms import snake_case
from shared.log import log
from shared.phone_numbers import mask_number
from shared.storage.queues import INBOUND_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from shared.forms import Form
    from shared.ledger.received import Note
    from shared.services import Services
    from shared.twiml.twimlets.request import InboundEvent, OutgoingText

# A note this old has no owner: its worker has given up every step long before.
_ABANDONED_AFTER: Final = timedelta(minutes=2)
_GIVE_UP_AFTER: Final = timedelta(minutes=1)
# Every kind of event, as in the field `event`.
EVENTS: Final = (
    "message", "call", "voicemail", "recording", "transcription", "gather", "dial", "opt_out",
    "opt_in",
)  # fmt: skip
# During these a person is on the line, and hears an answer even while storage is away.
_ON_THE_LINE: Final = frozenset({"call", "voicemail", "gather", "dial"})
_ON_THE_LINE_TIMEOUT_SECONDS: Final = 5.0
_MAX_CLOSE_ATTEMPTS: Final = 3
# A queue message holds 64 KiB in base64.
_MAX_EVENT_BYTES: Final = 48_000
_MAX_TEXT_CHARACTERS: Final = 1_600
_ROOM_FOR_NAMES_BYTES: Final = 2_000
_OPT_OUT_ACTIONS: Final[dict[str, Literal["stop", "start"]]] = {
    "opt_out": "stop",
    "opt_in": "start",
}
_RESERVED: Final = frozenset({"event", "sid", "from", "to", "at", "id"})
# Fields that an event may have under a shorter name.
_SHORTER: Final = {
    "CallStatus": "status",
    "DialCallStatus": "status",
    "DialCallDuration": "duration",
    "RecordingStatus": "status",
    "RecordingDuration": "duration",
    "TranscriptionStatus": "status",
    "TranscriptionText": "text",
    "SpeechResult": "speech",
}
_MEDIA: Final = re.compile("Media(Url|ContentType)[0-9]+")
# What is still being published after the person on the line was answered.
_unfinished: Final[set[asyncio.Task[None]]] = set()


async def publish(
    app: Services,
    events: Sequence[InboundEvent],
    texts: Sequence[OutgoingText] = (),
    *,
    form: Form | None = None,
    is_on_the_line: bool | None = None,
) -> None:
    """Publish events and send texts; a person who is on the line does not wait for storage.

    `form` is the request that they came by, whose other fields the events get too.

    Raises:
        StorageUnavailableError: nobody is on the line, so Twilio may try again.
    """
    if is_on_the_line is None:
        is_on_the_line = any(event.event in _ON_THE_LINE for event in events)
    if form is not None:
        events = [add_fields(event, form) for event in events]
    if not is_on_the_line:
        await _publish_all(app, events, texts)
        return
    # Not canceled when the time is over: a put that was cut short would be repeated.
    task = asyncio.ensure_future(_publish_all(app, events, texts))
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
    done, _ = await asyncio.wait({task}, timeout=_ON_THE_LINE_TIMEOUT_SECONDS)
    error = task.exception() if done else TimeoutError()
    if isinstance(error, StorageUnavailableError | TimeoutError):
        log("inbound_not_kept", level=logging.ERROR, what=[each[:2] for each in events])
    elif error is not None:
        raise error


async def _publish_all(
    app: Services, events: Sequence[InboundEvent], texts: Sequence[OutgoingText]
) -> None:
    for event in events:
        await publish_event(app, event)
    for text in texts:
        await _send_text(app, text)


def add_fields(event: InboundEvent, form: Form) -> InboundEvent:
    """Return an event with all other fields of Twilio's, in snake_case; blank ones are left out.

    What the event has already stays: the form of a Twilio Client's call can hold any field.
    """
    own = event.details
    known = {event.sid, *map(str, own.values())}
    others = {
        snake_case(field): value
        for field in form
        if (value := form.get(field)) not in ("", event.sid)
        and not (_SHORTER.get(field) in own and value in known)
        and not ("media" in own and _MEDIA.fullmatch(field))
    }
    return event._replace(details={**own, **_without({*_RESERVED, *own}, others)})


async def publish_event(app: Services, event: InboundEvent) -> None:
    """Publish an event, unless it is being published or was published before.

    Raises:
        StorageUnavailableError: it may or may not be kept; Twilio may ask again, but need not.
    """
    from shared.ledger.received import Note

    at = app.now()
    note = Note(_name_of(event), at, f"{app.random():x}", _encode(event, at))
    if await app.ledger.received.open(note, event.event, _person_of(_decode(note))):
        await _publish_note(app, note)


async def publish_abandoned(app: Services) -> None:
    """Publish what workers left behind when they died; one bad note never blocks another."""
    async for note in app.ledger.received.left():
        if app.now() - note.at >= _ABANDONED_AFTER:
            try:
                await _publish_note(app, note, is_abandoned=True)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it
                log("note_not_published", level=logging.ERROR, name=note.name, why=repr(error))


async def _publish_note(app: Services, note: Note, *, is_abandoned: bool = False) -> None:
    fields = _decode(note)
    person = _person_of(fields)
    if await app.ledger.received.is_first(note, person):
        await _remember_opt_out(app, fields, note.at)
        if not is_abandoned and app.now() - note.at >= _GIVE_UP_AFTER:
            # So late the note may be taken for abandoned: two workers would put it.
            log("inbound_left_to_the_timer", level=logging.WARNING, what=fields["event"])
            return
        await app.queues.put(INBOUND_QUEUE, note.text.encode())
        who: dict[str, Any] = {"from": mask_number(person)}
        log("inbound", what=fields["event"], sid=fields["sid"], **who)
    await _close(app, note)


async def _close(app: Services, note: Note, attempts: int = _MAX_CLOSE_ATTEMPTS) -> None:
    """Delete a note that was dealt with: one that stays behind would be put again."""
    try:
        await app.ledger.received.close(note.name)
    except StorageUnavailableError:
        if attempts == 1:
            raise
        await _close(app, note, attempts - 1)


def _decode(note: Note) -> dict[str, Any]:
    import msgspec

    fields: dict[str, Any] = msgspec.json.decode(note.text)
    return fields


def _person_of(fields: Mapping[str, Any]) -> str:
    """Return who an event is about: what came of a call or message of ours names us first."""
    person: str = fields["to"] if "id" in fields else fields["from"]
    return person


def _encode(event: InboundEvent, at: datetime) -> str:
    """Return an event as JSON that fits a queue message."""
    import msgspec

    own = {"event": event.event, "sid": event.sid, "from": event.from_, "to": event.to, "at": at}
    text = msgspec.json.encode({**own, **_without(own, event.details)})
    if len(text) > _MAX_EVENT_BYTES:
        text = msgspec.json.encode({**own, **_without(own, _shorten(event.details))})
    return text.decode()


def _without(names: Iterable[str], details: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in details.items() if name not in set(names)}


def _shorten(details: Mapping[str, object]) -> dict[str, object]:
    """Return as many details as a queue message holds, the event's own first, long texts cut."""
    import msgspec

    kept: dict[str, object] = {}
    size = _ROOM_FOR_NAMES_BYTES
    for name, value in details.items():
        short = value[:_MAX_TEXT_CHARACTERS] if isinstance(value, str) else value
        more = len(msgspec.json.encode([name, short]))
        if size + more <= _MAX_EVENT_BYTES:
            kept[name] = short
            size += more
    return kept


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
