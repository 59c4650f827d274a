"""Twilio's queue of calls: how long the calls of a claim may wait in it.

Twilio starts one call a second and queues the others, those of the same job too. Whether a queued
call is in its list is not known, so the absence of a call proves nothing until the queue can have
drained, or until all calls before it are known to have started.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.jobs.events import Answer, Claim, Doubt, Reported
from shared.ledger.owners import CALL_INTERVAL
from shared.provider import statuses

if TYPE_CHECKING:
    from shared.jobs.events import AnyEvent
    from shared.jobs.fold import Entry
    from shared.services import Services


class Backlog(NamedTuple):
    """How long after a claim its calls may start, and since when no other one waits, if so."""

    lasts: timedelta
    over_since: datetime | None


async def measure_backlog(app: Services, claim: Claim, last: datetime) -> Backlog:
    """Return what Twilio may have to do before it starts the calls of a claim.

    Others that were asked for until `last` may come before them. Hours of entries are read, so this
    is asked only where nothing else settles a doubt.
    """
    calls = await app.ledger.owners.calls_before(claim.at, last)
    begun = [at for call in calls for at in _asked_for(call) if at <= last]
    starts = [start for call in calls for start in _known_starts(call)]
    drained = min(begun, default=claim.at)
    for at in sorted(begun):
        drained = max(drained, at) + CALL_INTERVAL
    # Calls start in order: where no other one waits, this one does not either.
    others_wait = starts.count(None) > 1
    over_since = None if others_wait else max(filter(None, starts), default=claim.at)
    return Backlog(max(drained - claim.at, timedelta()), over_since)


def _asked_for(call: Entry) -> list[datetime]:
    """Return when Twilio was asked for each call that it may have taken."""
    not_taken = {
        (event.n, each.index)
        for event in call.events
        if isinstance(event, Answer | Doubt)
        for each in event.outcomes
        if each.result in ("retryable", "rejected")
    }
    return [
        event.at
        for event in call.events
        if isinstance(event, Claim) and event.by == "send"
        for index in event.indexes or range(len(call.deliveries))
        if (event.n, index) not in not_taken
    ]


def _known_starts(call: Entry) -> list[datetime | None]:
    """Return since when each call is known to wait in no queue of Twilio's (None: it may wait).

    A call that Twilio does not have, because it was refused or canceled or has to wait here, does
    not wait there.
    """
    known: dict[int, datetime] = {}
    for event in call.events:
        for index, status in _statuses_in(event):
            if statuses.rank(status or "") > statuses.rank("queued"):
                known.setdefault(index, event.at)
    # An operator's retry opens a call again before its doubt is settled.
    out = {"refused", "canceled"} | (set() if call.unsettled else {"scheduled", "accepted"})
    return [known.get(each.index) for each in call.deliveries if each.state not in out]


def _statuses_in(event: AnyEvent) -> list[tuple[int, str | None]]:
    """Return Twilio's statuses that an event tells, each with its recipient's index."""
    if isinstance(event, Reported):
        return [(event.index or 0, event.status)]
    if isinstance(event, Answer | Doubt):
        return [(each.index, each.status) for each in event.outcomes]
    return []
