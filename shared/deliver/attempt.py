"""One attempt: claim it, and ask Twilio once for each recipient."""

from __future__ import annotations

import asyncio
import logging
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.backoff import backoff_delay, random_fraction
from shared.deliver.guards import Sending
from shared.deliver.send_request import UnsendableError, build_send_request
from shared.deliver.settle import find_late
from shared.errors import StorageUnavailableError
from shared.jobs.alerts import notification_of
from shared.jobs.events import Answer, Claim, Doubt, Outcome
from shared.ledger.opt_outs import OptOut
from shared.log import log, log_error
from shared.phone_numbers import mask_number
from shared.provider.codes import OPTED_OUT, is_outage

if TYPE_CHECKING:
    from datetime import datetime

    from shared.deliver.next_step import Attempt
    from shared.deliver.services import DeliverServices
    from shared.jobs.fold import Entry
    from shared.jobs.job import Job
    from shared.provider.provider import SendRequest, SendResult
    from shared.services import Services

_BEGIN_WITHIN: Final = timedelta(seconds=10)
_AND_FOR_EACH: Final = timedelta(milliseconds=200)


async def make_attempt(
    app: DeliverServices, job: Job, entry: Entry, attempt: Attempt
) -> Answer | Doubt | None:
    """Claim and make an attempt; return its settlement, or None if another worker has it.

    Raises:
        NoCapacityError: the bulk lane had no place for it in time; nothing was claimed.
        StorageUnavailableError: it is unknown whether it was claimed, and nothing was sent.
    """
    is_bulk = job.accepted.lane == "bulk"
    async with app.bulk_capacity.hold(len(attempt.indexes)) if is_bulk else nullcontext():
        claim = _build_claim(app, job, attempt)
        if not await app.ledger.record(job.job, claim) and not await _is_mine(app, job, claim):
            return None
        calls_of = job.accepted.batch if job.accepted.kind == "call" else None
        await app.ledger.owners.note_late(job.job, claim.at, calls_of)
        sends = (_send(app, job, entry, claim, index) for index in attempt.indexes)
        outcomes = tuple(await asyncio.gather(*sends))
    is_doubtful = any(outcome.result == "unknown" for outcome in outcomes)
    return (Doubt if is_doubtful else Answer)(at=app.now(), n=claim.n, outcomes=outcomes)


def _build_claim(app: Services, job: Job, attempt: Attempt) -> Claim:
    at = app.now()
    until = at + _BEGIN_WITHIN + _AND_FOR_EACH * len(attempt.indexes)
    return Claim(
        at=at,
        n=attempt.n,
        token=f"{app.random():x}",
        until=until,
        over_at=until + timedelta(seconds=app.settings.twilio_timeout_seconds),
        sender=job.accepted.sender,
        indexes=None if len(attempt.indexes) == len(job.accepted.to) else attempt.indexes,
        accepted=job.accepted if attempt.n == 1 else None,
    )


async def _is_mine(app: Services, job: Job, claim: Claim) -> bool:
    """Whether the claim that stands is this one.

    The storage library repeats an insert whose answer was lost, and then conflicts with itself.
    """
    entry = await app.ledger.find(job.job)
    return entry is not None and entry.claim is not None and entry.claim.token == claim.token


async def _send(app: DeliverServices, job: Job, entry: Entry, claim: Claim, index: int) -> Outcome:
    accepted = job.accepted
    try:
        built = build_send_request(job.job, accepted, index, app.settings.public_base_url)
    except UnsendableError as error:
        log_error("unsendable", error.__cause__ or error, id=job.job, index=index)
        return Outcome(index=index, result="rejected", code="unsendable",
                       message="nothing can be sent for this recipient")  # fmt: skip
    if late := await find_late(app, entry, index):
        return late
    request = replace(built, begin_before=claim.until, urgent=accepted.lane == "now")
    notification = notification_of(accepted)
    sending = Sending(
        request=request,
        job_id=job.job,
        index=index,
        at=app.now(),
        alert_id=notification and notification.alert_id,
        ignores_quiet_hours=notification is not None and notification.is_urgent,
    )
    if stopped := await app.guards.stopped(sending):
        return stopped
    # The provider looks at the time again when its turn has come: after that nothing takes time.
    if claim.until is not None and app.now() > claim.until:
        app.guards.not_made(sending)
        return Outcome(index=index, result="retryable", code="not_begun", not_before=app.now())
    answer = await app.provider.create(request)
    if answer.result == "retryable":
        app.guards.not_made(sending)
    if answer.code == OPTED_OUT:
        await _remember_opt_out(app, request, job.job)
    _log_attempt(app, job, claim, index, answer)
    return _outcome_of(app, index, claim.n, answer)


def _log_attempt(app: Services, job: Job, claim: Claim, index: int, answer: SendResult) -> None:
    accepted = job.accepted
    delay = app.now() - (accepted.send_at or accepted.at)
    log(
        "attempt",
        id=job.job,
        index=index,
        kind=accepted.kind,
        lane=accepted.lane,
        n=claim.n,
        to=mask_number(accepted.to[index]),
        delay_seconds=round(delay.total_seconds(), 3),
        result=answer.result,
        sid=answer.sid,
        code=answer.code,
        request_id=answer.request_id,
    )
    if is_outage(answer.code):
        log("provider_unreachable", level=logging.WARNING, id=job.job, index=index, n=claim.n,
            code=answer.code)  # fmt: skip


async def _remember_opt_out(app: Services, request: SendRequest, job_id: str) -> None:
    """Remember a stop that never reached us; Twilio says so again if it cannot be kept now."""
    stop = OptOut(at=app.now(), number=request.to, sender=request.sender, says="stop", sid=job_id)
    with suppress(StorageUnavailableError):
        await app.ledger.opt_outs.note(stop)


def _outcome_of(app: Services, index: int, n: int, answer: SendResult) -> Outcome:
    not_before: datetime | None = None
    if answer.result == "retryable":
        not_before = app.now() + backoff_delay(n, random_fraction(app), answer.retry_after)
    return Outcome(
        index=index,
        result=answer.result,
        sid=answer.sid,
        status=answer.status,
        code=answer.code,
        message=answer.message,
        not_before=not_before,
        request_id=answer.request_id,
    )
