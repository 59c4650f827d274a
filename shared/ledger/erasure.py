"""Erasing a person: the one place where rows are replaced, by rows without the number and texts.

What happened stays (that something was sent, when, with what result); to whom and what goes. A
job that still waits is canceled first, so that its queue message finds nothing to do. That
somebody has opted out stays too, as a keyed digest of the number: forgetting it would text them.

The index leads to everything, and its rows go last: a run that dies is completed by the next one.
Numbers are compared as decoded values, whole: `+49891234567` is not in `+4989123456789`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.errors import OverError
from shared.jobs import events, ids
from shared.jobs.events import Accepted, Claim, Noted, Parked, Reported, Retried
from shared.jobs.job import Job, encode_job
from shared.ledger import schema
from shared.ledger.index import ERASED, find_in_day, pointer
from shared.ledger.ledger import event_row
from shared.phone_numbers import strip_channel
from shared.storage.table import after_prefix

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Entry
    from shared.ledger.ledger import Ledger

_NOTHING: Final = msgspec.Raw(b'{"to":"erased"}')
_RECORDING: Final = frozenset({"RecordingUrl", "RecordingSid"})
# A telephone number as people write it, in a text that could not be read.
_WRITTEN: Final = re.compile(r"\d(?:[ ()./\u00a0-]{0,2}\d){4,17}")
# The longest country code.
_COUNTRY_DIGITS: Final = 3


@dataclass
class Erasure:
    """What a run did; `next` is the day to go on with (None: everything was looked at)."""

    rows: int = 0
    canceled: int = 0
    being_sent: int = 0
    next: str | None = None


class Person:
    """Somebody's number (E.164), and whether a text has it."""

    def __init__(self, number: str) -> None:
        self.number = number
        self._digits = number.removeprefix("+")
        self._whole = re.compile(rf"(?<![\d+])\+?{self._digits}(?!\d)")

    def remove_from(self, value: Any) -> Any:  # noqa: ANN401 - decoded JSON is anything
        """Return decoded JSON with every mention of the number replaced."""
        if isinstance(value, str):
            return self._whole.sub(ERASED, value)
        if isinstance(value, list):
            return [self.remove_from(each) for each in value]
        if isinstance(value, dict):
            return {self.remove_from(name): self.remove_from(each) for name, each in value.items()}
        return value

    def is_written_in(self, text: str) -> bool:
        """Tell whether a text may mention the number, in international or national notation."""
        for written in _WRITTEN.findall(text):
            digits = re.sub(r"\D", "", written)
            missing = len(self._digits) - len(digits.lstrip("0"))
            if self._digits.endswith(digits.lstrip("0")) and 0 <= missing <= _COUNTRY_DIGITS:
                return True
        return False


async def erase(
    ledger: Ledger,
    number: str,
    *,
    cancel: Callable[[Entry, int], Awaitable[object]],
    start: str = "",
    enough: Callable[[], bool] = lambda: False,
) -> Erasure:
    """Erase `number` (E.164) from every row, from the day `start` on, until it is `enough`.

    What is being sent at this very moment is left for another run, and counted.
    """
    erasure, person = Erasure(), Person(number)
    if not start:
        await _erase_inbound(ledger, person, erasure)
        erasure.rows += await ledger.alerts.erase(number, person.remove_from)
    day = await ledger.table.next_partition(start)
    while day is not None and day < schema.PAST_DAYS:
        if enough():
            erasure.next = day[:4]
            break
        await _erase_day(ledger, person, day[:4], cancel, erasure)
        day = await ledger.table.next_partition(after_prefix(day[:4]))
    return erasure


def is_start(text: str) -> bool:
    """Tell whether a text can be where a run goes on: nothing, or a day."""
    return re.fullmatch(rf"([{ids.ALPHABET}]{{4}})?", text) is not None


async def _erase_inbound(ledger: Ledger, person: Person, erasure: Erasure) -> None:
    erasure.rows += await ledger.received.erase(person.number)
    async for note in ledger.received.left():
        fields = msgspec.json.decode(note.text)
        if person.number in (strip_channel(fields["from"]), strip_channel(fields["to"])):
            erasure.being_sent += 1


async def _erase_day(
    ledger: Ledger,
    person: Person,
    day: str,
    cancel: Callable[[Entry, int], Awaitable[object]],
    erasure: Erasure,
) -> None:
    starts = ledger.index.starts_of_recipients([person.number])
    for job_id, indexes in (await find_in_day(ledger.table, day, starts)).items():
        entry = await ledger.find(job_id)
        if entry is not None and not await _is_stopped(entry, indexes, cancel, erasure):
            erasure.being_sent += 1
            continue
        if entry is not None:
            await _erase_entry(ledger, person, entry, indexes, erasure)
        keys = [
            schema.RECIPIENTS.place(digest, pointer(ids.row(job_id), index))
            for digest in ledger.digests.every(person.number)
            for index in indexes
        ]
        await ledger.table.delete(ids.partition(job_id), keys)
    for job_id in await find_in_day(ledger.table, day, [schema.UNREADABLE.place("")]):
        entry = await ledger.find(job_id)
        raw = entry.parked.raw if entry and entry.parked else None
        if entry is not None and raw is not None and person.is_written_in(raw):
            await _erase_entry(ledger, person, entry, {0}, erasure)


async def _is_stopped(
    entry: Entry,
    indexes: set[int],
    cancel: Callable[[Entry, int], Awaitable[object]],
    erasure: Erasure,
) -> bool:
    """Cancel what still waits for the person; return whether nothing more will be sent to them."""
    for delivery in entry.deliveries:
        if delivery.pending and delivery.index in indexes:
            try:
                await cancel(entry, delivery.index)
            except OverError:
                return False
            erasure.canceled += 1
    return True


async def _erase_entry(
    ledger: Ledger, person: Person, entry: Entry, indexes: set[int], erasure: Erasure
) -> None:
    for event in entry.events:
        text = events.encode(event)
        kept = redact(event, person, indexes)
        if kept != text:
            row = event_row(entry.id, event)._replace(text=kept)
            erasure.rows += await ledger.table.replace(row)
        if isinstance(event, Retried) and event.key:
            erasure.rows += await ledger.forget_answer(event.key)
    if any(each.pending and each.index not in indexes for each in entry.deliveries):
        erasure.rows += await ledger.schedule.redact(
            entry, lambda message: _redact_message(message, person, indexes)
        )
    else:
        erasure.rows += await ledger.schedule.drop(entry)
    batch_id = entry.accepted.batch if entry.accepted else None
    if batch_id is not None:
        erasure.rows += await ledger.batches.redact(batch_id, person.remove_from)


def _redact_message(message: bytes, person: Person, indexes: set[int]) -> bytes:
    """Return a scheduled job without the person.

    It loses its digest by that, so that what the ledger has is delivered in its place.
    """
    job = msgspec.json.decode(message, type=Job)
    job = msgspec.structs.replace(job, accepted=redact_accepted(job.accepted, indexes))
    return msgspec.json.encode(person.remove_from(msgspec.json.decode(encode_job(job))))


def redact(event: AnyEvent, person: Person, indexes: set[int]) -> str:
    """Return the text of an event without the person, who is recipient `indexes` of its job."""
    if isinstance(event, Accepted):
        event = redact_accepted(event, indexes)
    elif isinstance(event, Claim) and event.accepted is not None:
        event = msgspec.structs.replace(event, accepted=redact_accepted(event.accepted, indexes))
    elif isinstance(event, Parked) and event.raw is not None:
        event = msgspec.structs.replace(event, raw=ERASED)
    elif isinstance(event, Noted) and (event.index or 0) in indexes:
        event = msgspec.structs.replace(event, fields={})
    elif isinstance(event, Reported) and (event.index or 0) in indexes:
        fields = {name: value for name, value in event.fields.items() if name not in _RECORDING}
        event = msgspec.structs.replace(event, fields=fields)
    decoded = person.remove_from(msgspec.json.decode(events.encode(event)))
    return msgspec.json.encode(decoded).decode()


def redact_accepted(accepted: Accepted, indexes: set[int]) -> Accepted:
    """Return what was accepted without some recipients, and without a text that nobody gets."""
    to = tuple(ERASED if n in indexes else each for n, each in enumerate(accepted.to))
    if all(each == ERASED for each in to):
        return msgspec.structs.replace(accepted, to=to, values=(), request=_NOTHING, metadata=None)
    values = tuple(
        dict.fromkeys(each, ERASED) if n in indexes else each
        for n, each in enumerate(accepted.values)
    )
    return msgspec.structs.replace(accepted, to=to, values=values)
