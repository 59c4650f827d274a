"""Everything that is stored about a person, newest first, in pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from shared.jobs import ids
from shared.ledger.listing import list_newest

if TYPE_CHECKING:
    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.ledger import Ledger
    from shared.ledger.opt_outs import OptOut

MAX_ITEMS: Final = 50
MAX_INBOUND: Final = 100


@dataclass(frozen=True)
class PersonPage:
    """What was sent to a person, and what they texted and said, in one stretch of time.

    `inbound` are events as they stood on the queue `inbound`; `opt_outs` the last word to each
    sender, on the first page; `next` is where to go on (None: there is no more).
    """

    items: tuple[tuple[Entry, Delivery], ...]
    inbound: tuple[msgspec.Raw, ...]
    opt_outs: tuple[OptOut, ...]
    next: str | None


class _At(msgspec.Struct):
    at: datetime


async def find_person(
    ledger: Ledger, number: str, *, cursor: str | None, now: datetime
) -> PersonPage:
    """Return a page of what is stored about `number` (E.164), whatever the channel.

    The page ends where the first of the two streams is cut, and the other one is cut at that time.
    """
    starts = ledger.index.starts_of_recipients([number])
    page = await list_newest(
        ledger.table, lambda *_: True, limit=MAX_ITEMS, cursor=cursor, starts=starts
    )
    items, following = page.items, page.next
    end = ids.accepted_at(following) if following else None
    inbound: list[tuple[datetime, str]] = []
    async for text in ledger.received.of_person(
        number, ids.accepted_at(cursor) if cursor else None
    ):
        at = _to_millisecond(msgspec.json.decode(text, type=_At).at)
        if end is not None and at <= end:
            break
        if len(inbound) == MAX_INBOUND and at < inbound[-1][0]:
            following = ids.new_id(at, 0)
            items = tuple(each for each in items if ids.accepted_at(each[0].id) > at)
            break
        inbound.append((at, text))
    opt_outs = [] if cursor else await ledger.opt_outs.of(number, now)
    return PersonPage(
        items, tuple(msgspec.Raw(text.encode()) for _, text in inbound), tuple(opt_outs), following
    )


def _to_millisecond(at: datetime) -> datetime:
    """Cut a time to what an id can tell."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
