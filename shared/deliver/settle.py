"""Settling doubt: what did an attempt come to whose answer never arrived?

Evidence, in order: Twilio has reported a SID to the entry's own URL; Twilio lists a message or
call that fits and that no other entry owns; or the grace time is over and Twilio has none.
Nothing is sent again before one of these has settled it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shared.deliver.backoff import backoff_delay, random_fraction
from shared.deliver.evidence import rank_evidence
from shared.deliver.send_request import build_send_request
from shared.errors import ProviderUnavailableError
from shared.jobs.events import Answer, Doubt, Outcome
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.events import Claim
    from shared.jobs.fold import Entry
    from shared.services import Services

# Twilio's clock is not ours, and it shows whole seconds.
_CLOCK_SKEW: Final = timedelta(seconds=10)
_MIN_LOOK_INTERVAL: Final = timedelta(seconds=1)
_MAX_LOOK_INTERVAL: Final = timedelta(minutes=15)


async def settle(app: Services, entry: Entry, claim: Claim) -> datetime | None:
    """Settle what can be settled of the newest attempt; return the time of the next look, if any.

    A job is looked at again while the result for some of its recipients is still unknown.
    """
    doubt = entry.doubt or await _record_doubt(app, entry, claim)
    outcomes = tuple(
        await asyncio.gather(*(_settle_one(app, entry, claim, doubt, o) for o in doubt.outcomes))
    )
    if any(outcome.result == "unknown" for outcome in outcomes):
        return _next_look(app, claim, doubt)
    answer = Answer(at=app.now(), n=claim.n, outcomes=outcomes)
    if await app.ledger.record(entry.id, answer):
        log("settled", id=entry.id, n=claim.n, result=[each.result for each in outcomes])
    return None


async def _record_doubt(app: Services, entry: Entry, claim: Claim) -> Doubt:
    """Record the doubt of an attempt whose worker is gone: every result is unknown."""
    indexes = claim.indexes
    if indexes is None:
        indexes = tuple(delivery.index for delivery in entry.deliveries)
    unknown = tuple(
        Outcome(index=index, result="unknown", code="worker_lost",
                message="the worker was lost while it asked Twilio")
        for index in indexes
    )  # fmt: skip
    doubt = Doubt(at=app.now(), n=claim.n, outcomes=unknown)
    await app.ledger.record(entry.id, doubt)
    return doubt


async def _settle_one(
    app: Services, entry: Entry, claim: Claim, doubt: Doubt, outcome: Outcome
) -> Outcome:
    """Return the outcome, with a known result in place of `unknown` where there is evidence."""
    if outcome.result != "unknown" or entry.accepted is None:
        return outcome
    index = outcome.index
    if sid := entry.deliveries[index].sid:
        return Outcome(index=index, result="sent", sid=sid)
    accepted = (
        entry.accepted if claim.sender is None else replace(entry.accepted, sender=claim.sender)
    )
    request = build_send_request(entry.id, accepted, index, app.settings.public_base_url)
    ended_at = _end_of_requests(app, claim, doubt)
    absence_counts = app.now() >= ended_at + _grace(app)
    try:
        records = await app.provider.search(request, claim.at - _CLOCK_SKEW)
    except ProviderUnavailableError:
        return outcome
    # Twilio may create after our time-out too; what it creates even later is never found.
    until = ended_at + _grace(app) + _CLOCK_SKEW
    is_young = False
    for evidence in rank_evidence(request, records, until):
        # By then it is in the entry that it was created for, or that entry is in doubt too.
        record = evidence.record
        known_at, now = record.created_at + _grace(app), app.now()
        if now < known_at + evidence.precedence:
            is_young = True
        elif await app.ledger.owners.take(record.sid, entry.id, index,
                                          created_at=record.created_at, known_at=known_at,
                                          now=now):  # fmt: skip
            return Outcome(index=index, result="sent", sid=record.sid, status=record.status)
    if absence_counts and not is_young:
        return Outcome(index=index, result="not_created", not_before=_next_attempt(app, claim))
    return outcome


def _next_attempt(app: Services, claim: Claim) -> datetime | None:
    """Return when to attempt what Twilio does not have: at once, then at growing intervals."""
    if claim.n == 1:
        return None
    return app.now() + backoff_delay(claim.n - 1, random_fraction(app))


def _end_of_requests(app: Services, claim: Claim, doubt: Doubt) -> datetime:
    """Return when the claimer's last request was over, however late its doubt was recorded."""
    longest_request = timedelta(seconds=app.settings.twilio_timeout_seconds)
    return min(doubt.at, claim.over_at or (claim.until or claim.at) + longest_request)


def _grace(app: Services) -> timedelta:
    return timedelta(seconds=app.settings.resolve_after_seconds)


def _next_look(app: Services, claim: Claim, doubt: Doubt) -> datetime:
    """Return the next look: at twice the doubt's age, but never past when absence counts."""
    now = app.now()
    look = now + min(max((now - doubt.at) / 2, _MIN_LOOK_INTERVAL), _MAX_LOOK_INTERVAL)
    grace_over = _end_of_requests(app, claim, doubt) + _grace(app)
    return min(look, grace_over) if now < grace_over else look
