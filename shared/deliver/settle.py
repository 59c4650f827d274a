"""Settling doubt: finding the outcome of an attempt whose answer never arrived.

Evidence, in order: Twilio has reported a SID to the entry's own URL; Twilio lists a message or
call that fits and that no other entry owns; or the grace time is over and Twilio has none.
Nothing is sent again before one of these has settled it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from msgspec.structs import replace

from shared.deliver.backoff import backoff_delay, random_fraction
from shared.deliver.call_queue import measure_backlog
from shared.deliver.evidence import rank_evidence
from shared.deliver.send_request import UnsendableError, build_send_request
from shared.errors import ProviderUnavailableError
from shared.jobs.events import Answer, Claim, Doubt, Outcome
from shared.ledger.owners import CALL_INTERVAL
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from shared.deliver.evidence import Evidence
    from shared.jobs.events import Accepted
    from shared.jobs.fold import Entry
    from shared.services import Services

# Twilio's clock is not ours, and it shows whole seconds.
_CLOCK_SKEW: Final = timedelta(seconds=10)
_MIN_LOOK_INTERVAL: Final = timedelta(seconds=2)
_MAX_LOOK_INTERVAL: Final = timedelta(minutes=15)

# Why a doubt is not settled by a look.
Unsettled = Literal["record_young", "too_early", "twilio_unreachable"]


class _Window(NamedTuple):
    """Whether absence at Twilio counts, and until when Twilio may have created a record."""

    absence_counts: bool
    created_until: datetime


async def settle(app: Services, entry: Entry, claim: Claim) -> datetime | None:
    """Settle what can be settled of the newest attempt; return the time of the next look, if any.

    A job is looked at again while the result for some of its recipients is still unknown.
    """
    doubt = entry.doubt or await _record_doubt(app, entry, claim)
    absence_from = created_until = _end_of_requests(app, claim, doubt) + _grace(app)
    # Twilio's answer takes time, and says nothing of what is created meanwhile.
    now = app.now()
    if now >= absence_from and entry.kind == "call":
        # Other workers' clocks may be ahead.
        backlog = await measure_backlog(app, claim, absence_from + _CLOCK_SKEW)
        created_until += backlog.lasts
        drained_from = absence_from + backlog.lasts
        if backlog.over_since is None:
            absence_from = drained_from
        else:
            # The call itself may start and be listed a moment after the last one before it.
            started_from = backlog.over_since + CALL_INTERVAL + _grace(app)
            absence_from = min(drained_from, max(absence_from, started_from))
    window = _Window(now >= absence_from, created_until + _CLOCK_SKEW)
    settled = await asyncio.gather(
        *(_settle_one(app, entry, claim, window, outcome) for outcome in doubt.outcomes)
    )
    if reasons := sorted({each for each in settled if isinstance(each, str)}):
        age = (app.now() - claim.at).total_seconds()
        log("doubt_unsettled", id=entry.id, n=claim.n, age_seconds=round(age), reason=reasons[0])
        return _next_look(app, claim, absence_from)
    outcomes = tuple(each for each in settled if not isinstance(each, str))
    if await app.ledger.record(entry.id, Answer(at=app.now(), n=claim.n, outcomes=outcomes)):
        log("settled", id=entry.id, n=claim.n, result=[each.result for each in outcomes])
    return None


async def find_late(app: Services, entry: Entry, index: int) -> Outcome | None:
    """Return what Twilio has created since for an earlier attempt that was not created, if any.

    Where that cannot be told yet, the outcome says when to try again.
    """
    absences, accepted = _not_created(entry, index), entry.accepted
    if accepted is None or not absences or app.now() - absences[-1].at < _CLOCK_SKEW:
        return None  # Nothing was in doubt, or the answer has just come from Twilio's list.
    accepted = _as_claimed(accepted, entry.claim)
    begun = _begun(entry, absences)
    with suppress(ProviderUnavailableError):
        outcome = await _look_up(app, entry.id, accepted, index, begun, app.now() + _CLOCK_SKEW)
        if outcome != "record_young":
            return outcome
    later = app.now() + backoff_delay(absences[-1].n, random_fraction(app))
    return Outcome(index=index, result="retryable", code="not_begun", not_before=later)


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
    app: Services, entry: Entry, claim: Claim, window: _Window, outcome: Outcome
) -> Outcome | Unsettled:
    """Return the outcome, with a known result in place of `unknown`, or why there is none yet."""
    index = outcome.index
    if outcome.result != "unknown" or entry.accepted is None:
        return outcome
    if sid := entry.deliveries[index].sid:
        return Outcome(index=index, result="sent", sid=sid)
    if app.now() < _first_look(app, claim):
        return "too_early"
    # An earlier attempt that was not created may have been created since.
    begun = [claim.at, *_begun(entry, _not_created(entry, index))]
    try:
        # Twilio may create after our time-out too; what it creates even later is found before
        # another attempt.
        accepted = _as_claimed(entry.accepted, claim)
        found = await _look_up(app, entry.id, accepted, index, begun, window.created_until)
    except ProviderUnavailableError:
        return "twilio_unreachable"
    if found is not None:
        return found
    if not window.absence_counts:
        return "too_early"
    return Outcome(index=index, result="not_created", not_before=_next_attempt(app, claim))


async def _look_up(  # noqa: PLR0913, PLR0917 - whose request, for whom, and from when to when
    app: Services,
    job_id: str,
    accepted: Accepted,
    index: int,
    begun: Sequence[datetime],
    until: datetime,
) -> Outcome | Literal["record_young"] | None:
    """Adopt what Twilio lists for a recipient and no other entry owns.

    `begun` are the times of the attempts, the newest first. What was created since a newer one is
    adopted first: another entry may have nothing but what was created before.

    Raises:
        ProviderUnavailableError: where Twilio gave no answer.
    """
    try:
        request = build_send_request(job_id, accepted, index, app.settings.public_base_url)
    except UnsendableError:
        return None
    records = await app.provider.search(request, min(begun) - _CLOCK_SKEW)
    for since in begun:
        newer = [each for each in records if each.created_at >= since - _CLOCK_SKEW]
        records = [each for each in records if each not in newer]
        if found := await _adopt(app, job_id, index, rank_evidence(request, newer, until)):
            return found
    return None


async def _adopt(
    app: Services, job_id: str, index: int, ranked: list[Evidence]
) -> Outcome | Literal["record_young"] | None:
    """Take the first record that no other entry owns."""
    is_young = False
    for evidence in ranked:
        # By then it is in the entry that it was created for, or that entry is in doubt too.
        record = evidence.record
        known_at, now = record.created_at + _grace(app), app.now()
        if now < known_at + evidence.precedence:
            is_young = True
        elif await app.ledger.owners.take(record.sid, job_id, index,
                                          created_at=record.created_at, known_at=known_at,
                                          now=now):  # fmt: skip
            return Outcome(index=index, result="sent", sid=record.sid, status=record.status)
    return "record_young" if is_young else None


def _as_claimed(accepted: Accepted, claim: Claim | None) -> Accepted:
    """Return a request with the sender that an attempt was claimed with; a cancel names none."""
    return replace(accepted, sender=(claim and claim.sender) or accepted.sender)


def _not_created(entry: Entry, index: int) -> list[Answer]:
    """Return the answers that Twilio had nothing for a recipient, in the order of the attempts."""
    answers = [
        event
        for event in entry.events
        if isinstance(event, Answer)
        and any(each.index == index and each.result == "not_created" for each in event.outcomes)
    ]
    return sorted(answers, key=lambda answer: answer.n)


def _begun(entry: Entry, answers: list[Answer]) -> list[datetime]:
    """Return when the attempts of answers were claimed, the last one first."""
    return [_claimed_at(entry, answer) for answer in reversed(answers)]


def _claimed_at(entry: Entry, answer: Answer) -> datetime:
    """Return when the attempt of an answer was claimed."""
    claims = (each for each in entry.events if isinstance(each, Claim) and each.n == answer.n)
    return min((claim.at for claim in claims), default=answer.at)


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
    """Return how long a record may take to be listed, which is longer than a request may take."""
    settings = app.settings
    longest_request = settings.twilio_timeout_seconds + _CLOCK_SKEW.total_seconds()
    return timedelta(seconds=max(settings.resolve_after_seconds, longest_request))


def _first_look(app: Services, claim: Claim) -> datetime:
    """Return the first time at which a record of the attempt could be adopted."""
    return claim.at - _CLOCK_SKEW + _grace(app)


def _next_look(app: Services, claim: Claim, absence_from: datetime) -> datetime:
    """Return the next look: when one can matter first, when absence counts, and less often then."""
    now = app.now()
    for moment in (_first_look(app, claim), absence_from):
        if now < moment:
            return moment
    return now + min(max((now - absence_from) / 2, _MIN_LOOK_INTERVAL), _MAX_LOOK_INTERVAL)
