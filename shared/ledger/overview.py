"""The last hour at a glance: counts, throughput, waiting times and failures.

Read from the newest `MAX_DELIVERIES_READ` deliveries that were accepted in it, however many there
are; where that is not all of them, `truncated` says so and `complete_since` from when on the
counts are whole. What was accepted earlier and only sent in this hour is not among them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, get_args

from msgspec import Meta

from shared.jobs import ids
from shared.jobs.events import Answer, Doubt
from shared.jobs.fold import State
from shared.ledger.listing import MAX_DELIVERIES_READ, list_newest
from shared.ledger.provider_health import find_contact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared.jobs.fold import Delivery, Entry
    from shared.ledger.provider_health import Contact
    from shared.storage.table import Table

MINUTES: Final = 60
_MINUTE: Final = timedelta(minutes=1)
_FAILED: Final = frozenset({"refused", "parked"})
_FAILED_AT_TWILIO: Final = frozenset({"failed", "undelivered", "busy", "no-answer"})
_HALF: Final = 50
_NEARLY_ALL: Final = 95


@dataclass(frozen=True, kw_only=True)
class Minute:
    """One minute of the hour."""

    at: Annotated[datetime, Meta(description="Its beginning (UTC).")]
    accepted: Annotated[int, Meta(description="Recipients accepted in it.")]
    handed_over: Annotated[int, Meta(description="Recipients that Twilio got a SID for in it.")]
    seconds: (
        Annotated[
            dict[str, float],
            Meta(
                description="`p50` and `p95` of the wait from acceptance, or `send_at`, to the SID."
            ),
        ]
        | None
    )


@dataclass(frozen=True, kw_only=True)
class FailureGroup:
    """What failed for one reason."""

    code: Annotated[str, Meta(description="Twilio's error code, or one of ours.")]
    count: Annotated[int, Meta(description="How many recipients failed with it.")]
    message: Annotated[str, Meta(description="What the code means.")]
    kind: Annotated[str, Meta(description="The kind of the newest of them.")]
    newest: Annotated[str, Meta(description="The id of the newest of them.")]


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What happened in the hour, and what Twilio last answered in it.

    `states` names every state. Minutes begin at whole minutes, oldest first.
    """

    since: datetime
    until: datetime
    complete_since: datetime
    truncated: bool
    looked_at: int
    states: dict[str, int]
    twilio_statuses: dict[str, int]
    minutes: list[Minute]
    failures: list[FailureGroup]
    contact: Contact | None


async def summarize_hour(table: Table, now: datetime) -> Overview:
    """Return the hour that ends `now`, the minute that has begun included."""
    since = _minute_of(now) - (MINUTES - 1) * _MINUTE
    page = await list_newest(
        table, lambda *_: True, limit=MAX_DELIVERIES_READ, cursor=None, since=since
    )
    items, truncated = page.items, page.next is not None
    complete_since = ids.accepted_at(items[-1][0].id) if truncated else since
    entries = list({entry.id: entry for entry, _ in items}.values())
    contacts = [found for e in entries for event in e.events if (found := find_contact(event))]
    return Overview(
        since=since,
        until=now,
        complete_since=complete_since,
        truncated=truncated,
        looked_at=len(items),
        states=dict(dict.fromkeys(get_args(State), 0) | Counter(each.state for _, each in items)),
        twilio_statuses=dict(Counter(d.twilio_status for _, d in items if d.twilio_status)),
        minutes=_minutes(items, complete_since, now),
        failures=_failures(items),
        contact=max(contacts, key=lambda each: each[:2], default=None),
    )


def _minutes(
    items: Sequence[tuple[Entry, Delivery]], since: datetime, now: datetime
) -> list[Minute]:
    """Return every minute from `since` to `now`."""
    accepted = Counter(_minute_of(ids.accepted_at(entry.id)) for entry, _ in items)
    waits: dict[datetime, list[float]] = defaultdict(list)
    for entry in {entry.id: entry for entry, _ in items}.values():
        for at, waited in _hand_overs(entry):
            waits[_minute_of(at)].append(waited)
    first = _minute_of(since)
    return [
        Minute(
            at=(at := first + number * _MINUTE),
            accepted=accepted[at],
            handed_over=len(waits[at]),
            seconds=_percentiles(waits[at]),
        )
        for number in range((_minute_of(now) - first) // _MINUTE + 1)
    ]


def _hand_overs(entry: Entry) -> list[tuple[datetime, float]]:
    """Return when each SID was first recorded, and how many seconds it had waited by then."""
    noted: dict[str, datetime] = {}
    for event in entry.events:
        outcomes = event.outcomes if isinstance(event, Answer | Doubt) else (event,)
        for sid in (getattr(each, "sid", None) for each in outcomes):
            if sid is not None:
                noted.setdefault(sid, event.at)
    accepted = entry.accepted
    begun = max(accepted.at, accepted.send_at or accepted.at) if accepted else entry.events[0].at
    return [(at, max(0.0, (at - begun).total_seconds())) for at in noted.values()]


def _percentiles(seconds: Sequence[float]) -> dict[str, float] | None:
    """Return the median and the 95th percentile, each a value that occurred (nearest rank)."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return {
        f"p{each}": round(ordered[math.ceil(len(ordered) * each / 100) - 1], 3)
        for each in (_HALF, _NEARLY_ALL)
    }


def _failures(items: Sequence[tuple[Entry, Delivery]]) -> list[FailureGroup]:
    """Return what went wrong, by code, the most frequent first; each with its newest example."""
    groups: dict[str, list[tuple[Entry, Delivery]]] = defaultdict(list)
    for entry, delivery in items:
        if delivery.error is not None and _failed(delivery):
            groups[delivery.error[0]].append((entry, delivery))
    return [
        FailureGroup(
            code=code,
            count=len(group),
            message=group[0][1].error[1] if group[0][1].error else "",
            kind=group[0][0].kind,
            newest=group[0][1].id,
        )
        for code, group in sorted(groups.items(), key=lambda each: (-len(each[1]), each[0]))
    ]


def _failed(delivery: Delivery) -> bool:
    """Return whether it did not arrive; one that is still tried, or did arrive, has not failed."""
    return delivery.state in _FAILED or delivery.twilio_status in _FAILED_AT_TWILIO


def _minute_of(at: datetime) -> datetime:
    """Return the beginning of a time's minute."""
    return at.replace(second=0, microsecond=0)
