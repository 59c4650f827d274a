"""Erasing a person: the one place where rows are written anew, without a number and its texts.

What happened stays (that something was sent, when, what it came to); to whom and what goes. A
job that still waits is canceled first, so that its queue message finds nothing to do. That
somebody has opted out stays too, as a digest of the number: forgetting it would text them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from shared.errors import OverError
from shared.jobs import events, ids
from shared.jobs.events import Accepted, Claim, Parked
from shared.ledger import schema
from shared.storage.table import Row, just_after

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Entry
    from shared.ledger.ledger import Ledger

ERASED: Final = "erased"
_NOTHING: Final = msgspec.Raw(b'{"to":"erased"}')


@dataclass
class Erasure:
    """What a run did: `next` is where to go on (None: all was looked at)."""

    rows: int = 0
    canceled: int = 0
    being_sent: int = 0
    next: str | None = None


async def erase(
    ledger: Ledger,
    number: str,
    *,
    cancel: Callable[[Entry, int], Awaitable[object]],
    start: str = "",
    enough: Callable[[], bool] = lambda: False,
) -> Erasure:
    """Erase `number` (E.164) from every row, from partition `start` on, until it is `enough`.

    What is being sent at this very moment is left for another run, and counted.
    """
    erasure = Erasure()
    partition = await ledger.table.next_partition(start)
    while partition is not None:
        if enough():
            erasure.next = partition
            break
        found = [
            row
            async for row in ledger.table.range(partition)
            if number in row.text or number in row.key
        ]
        for row in found:
            await _erase_row(ledger, row, number, cancel, erasure)
        partition = await ledger.table.next_partition(just_after(partition))
    return erasure


async def _erase_row(
    ledger: Ledger,
    row: Row,
    number: str,
    cancel: Callable[[Entry, int], Awaitable[object]],
    erasure: Erasure,
) -> None:
    if row.partition >= schema.PAST_DAYS:
        await ledger.table.delete(row.partition, [row.key])
        erasure.rows += 1
        return
    entry = await ledger.find(row.partition + row.key.partition(".")[0])
    if entry is not None and not await _canceled(entry, number, cancel, erasure):
        erasure.being_sent += 1
        return
    text = events.encode(redact(events.decode(row.text), number)).replace(number, ERASED)
    await ledger.table.delete(row.partition, [row.key])
    await ledger.table.insert(Row(row.partition, row.key, text))
    erasure.rows += 1


async def _canceled(
    entry: Entry,
    number: str,
    cancel: Callable[[Entry, int], Awaitable[object]],
    erasure: Erasure,
) -> bool:
    """Whether nothing more will be sent to the number; cancels what still waits."""
    for delivery in entry.deliveries:
        if delivery.pending and (delivery.to or "").endswith(number):
            try:
                await cancel(entry, delivery.index)
            except OverError:
                return False
            erasure.canceled += 1
    return True


def redact(event: AnyEvent, number: str) -> AnyEvent:
    """The event without the number, and without the texts that were for nobody else."""
    if isinstance(event, Accepted):
        return _redacted(event, number)
    if isinstance(event, Claim) and event.accepted is not None:
        return msgspec.structs.replace(event, accepted=_redacted(event.accepted, number))
    if isinstance(event, Parked) and event.raw is not None and number in event.raw:
        return msgspec.structs.replace(event, raw=ERASED)
    return event


def _redacted(accepted: Accepted, number: str) -> Accepted:
    gone = [to.endswith(number) for to in accepted.to]
    values = tuple(
        dict.fromkeys(each, ERASED) if out else each
        for each, out in zip(accepted.values, gone, strict=False)
    )
    others = not all(gone)
    kept = bytes(accepted.request).replace(number.encode(), ERASED.encode())
    return msgspec.structs.replace(
        accepted,
        to=tuple(ERASED if out else to for to, out in zip(accepted.to, gone, strict=True)),
        values=values,
        request=msgspec.Raw(kept) if others else _NOTHING,
        metadata=accepted.metadata if others else None,
    )


def is_start(text: str) -> bool:
    """Whether a text can be where a run goes on."""
    return not text or text.startswith(schema.PAST_DAYS) or all(c in ids.ALPHABET for c in text)
