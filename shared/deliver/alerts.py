"""Driving alerts: begin levels, notify people through ordinary jobs, stop when somebody answers.

Everything can be repeated and then changes nothing, so a worker may die between any two lines. The
message of a run's end is put before the run is noted, so an open alert always has a next step:
message `n` comes back until run `n` is over. Other messages only say that something has happened.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from shared.accept.accept import accept_request
from shared.accept.idempotency import key_name
from shared.accept.outbox import OUTAGE_DELAY, put, put_back
from shared.deliver.cancel import cancel_entry
from shared.errors import (
    CallerError,
    InvalidRequestError,
    OverError,
    ProviderUnavailableError,
    StorageUnavailableError,
)
from shared.jobs.alerts import (
    AlertMessage,
    Answered,
    Begin,
    Canceled,
    Escalated,
    Exhaust,
    Exhausted,
    Finished,
    LevelBegun,
    MachineAnswered,
    Notified,
    NotifyRun,
    Resolved,
    Silence,
    WaitUntil,
    next_alert_step,
    next_run,
    notification_fields,
    notification_of,
    notifications_of,
    summarize,
)
from shared.jobs.events import Reported
from shared.jobs.job import VERSION
from shared.jobs.results import results_of
from shared.log import log

if TYPE_CHECKING:
    from shared.jobs.alerts import Alert, Answer, Notification, Notify, Via
    from shared.jobs.fold import Entry
    from shared.kinds import Kind
    from shared.services import Services

# When to look again at what was being sent when the alert was answered, and until when. An unclear
# page takes a minute and more, and each message that finds one looks again: less and less often.
_MIN_LOOK_INTERVAL: Final = timedelta(seconds=2)
_LOOKS_PER_AGE: Final = 8
_GIVE_UP_SILENCING: Final = timedelta(minutes=15)
# In case this worker dies between the next two steps.
_SAFETY_NET: Final = timedelta(seconds=5)
_POISON_DELAY: Final = timedelta(minutes=1)
_BUSY: Final = frozenset({"delivering", "in_doubt"})
_KIND: Final[dict[str, Kind]] = {"text": "message", "call": "call"}
# Twilio can end a call in these without cutting off anybody who speaks.
_RINGS: Final = frozenset({None, "queued", "initiated", "ringing"})


async def drive_alert(app: Services, message: AlertMessage) -> None:
    """Take an alert as far as it goes now."""
    try:
        await _drive(app, message)
    except (StorageUnavailableError, ProviderUnavailableError) as error:
        log("alert_postponed", level=logging.WARNING, id=message.alert, error=str(error))
        await put_back(app, message, app.now() + OUTAGE_DELAY)


async def keep_driving(app: Services, message: AlertMessage) -> None:
    """Go on with an alert that the host has given up on: nobody else would look at it."""
    log("alert_failed", level=logging.ERROR, id=message.alert)
    await put_back(app, message, app.now() + _POISON_DELAY)


async def _drive(app: Services, message: AlertMessage) -> None:
    alert = await app.ledger.alerts.find(message.alert)
    if alert is None and message.raised is not None:
        await app.ledger.alerts.record(message.alert, message.raised)
        alert = await app.ledger.alerts.find(message.alert)
    if alert is not None and await _note_reports(app, alert, message):
        alert = await app.ledger.alerts.find(message.alert)
    while alert is not None and await _take_step(app, alert, message):
        alert = await app.ledger.alerts.find(message.alert)


async def _take_step(app: Services, alert: Alert, message: AlertMessage) -> bool:
    """Do what has to be done next; return whether something may follow at once."""
    match next_alert_step(alert, app.now()):
        case Begin() as step:
            await _begin(app, alert, step)
        case NotifyRun(run):
            await _notify(app, alert, run)
        case Exhaust(n):
            # Before it is recorded: an alarm that rings twice is better than one that never does.
            log("alert_exhausted", id=alert.id)
            await app.ledger.alerts.record(alert.id, Exhausted(at=app.now(), n=n))
        case WaitUntil(n, until):
            if message.n is not None and message.n >= n:
                await put(app, AlertMessage(v=VERSION, alert=alert.id, n=n), until)
            return False
        case Silence():
            await _silence(app, alert)
            return False
        case Finished():
            return False
        case never:  # pragma: no cover - the type checker knows every step
            assert_never(never)
    return True


async def _begin(app: Services, alert: Alert, step: Begin) -> None:
    run = LevelBegun(at=app.now(), n=step.n, round=step.round, level=step.level, time=step.time)
    end = AlertMessage(v=VERSION, alert=alert.id, n=run.n)
    await put(app, end, run.at + timedelta(seconds=alert.level_of(run).wait))
    if await app.ledger.alerts.record(alert.id, run):
        log("alert_level", id=alert.id, n=run.n, index=run.level, round=run.round)


async def _notify(app: Services, alert: Alert, run: LevelBegun) -> None:
    """Give everybody of a run a job, the same one however often this is done."""
    jobs: list[str | None] = []
    problems: dict[str, str] = {}
    for mark, notify in notifications_of(alert, run):
        await app.ledger.alerts.note_person(notify.to, alert.id)
        try:
            jobs.append(await _accept(app, alert, mark, notify))
        except CallerError as error:
            jobs.append(None)
            problems[str(mark.member)] = _explain(error)
            log("alert_not_sent", level=logging.ERROR, id=alert.id, n=run.n, error=_explain(error))
    notified = Notified(at=app.now(), n=run.n, jobs=tuple(jobs), problems=problems)
    await app.ledger.alerts.record(alert.id, notified)


async def _accept(app: Services, alert: Alert, mark: Notification, notify: Notify) -> str:
    fields = notification_fields(alert.raised, mark, notify)
    return (await accept_request(app, _KIND[notify.by], fields, key=mark.key)).id


def _explain(error: CallerError) -> str:
    if isinstance(error, InvalidRequestError):
        return "; ".join(f"{each.path} {each.message}" for each in error.problems)
    return error.detail


async def note_report(app: Services, alert_id: str, job_id: str) -> None:
    """Look at an alert, because something was reported about one of its notifications.

    Raises:
        StorageUnavailableError: it is unknown whether the alert will be looked at.
    """
    await put(app, AlertMessage(v=VERSION, alert=alert_id, job=job_id), app.now())


async def _note_reports(app: Services, alert: Alert, message: AlertMessage) -> bool:
    """Note what follows from reports about notifications; return whether that is anything."""
    if alert.is_quiet:
        return False
    jobs = [message.job] if message.job else []
    if message.n and alert.raised.until != "acknowledged":
        # A report that was lost is found at the end of the level.
        jobs = [job for each in alert.notified.values() for job in each.jobs if job]
    entries = [entry for entry in await _find_entries(app, jobs) if _is_of(entry, alert)]
    for entry in entries:
        if await _note_end(app, alert, entry):
            return True
    is_noted = False
    for entry in entries:
        is_noted = await _note_machine(app, alert, entry) or is_noted
    return is_noted


async def _note_end(app: Services, alert: Alert, entry: Entry) -> bool:
    """Note that an alert ends because of what was reported about one of its notifications."""
    how: Answer | None = None
    if alert.raised.until == "delivered" and (_is_delivered(entry) or _has_picked_up(entry)):
        how = "delivered"
    if alert.raised.until == "answered" and _has_picked_up(entry):
        how = "answered"
    if how is None:
        return False
    token = f"{app.random():x}"
    by = entry.deliveries[0].to or ""
    event = Answered(at=app.now(), how=how, by=by, via="report", token=token)
    await app.ledger.alerts.record(alert.id, event)
    log("alert_answered", id=alert.id, how=how)
    return True


async def _note_machine(app: Services, alert: Alert, entry: Entry) -> bool:
    """Note that every call of the newest run has reached an answering machine."""
    run = alert.run
    notified = alert.notified.get(run.n) if run else None
    if run is None or notified is None or run.n in alert.machines or not _is_machine(entry):
        return False
    jobs = [
        job
        for job, notify in zip(notified.jobs, alert.level_of(run).notify, strict=True)
        if notify.by == "call" and job
    ]
    entries = await _find_entries(app, jobs)
    if entry.id not in jobs or not all(map(_is_machine, entries)):
        return False
    await app.ledger.alerts.record(alert.id, MachineAnswered(at=app.now(), n=run.n))
    return True


async def _find_entries(app: Services, jobs: list[str]) -> list[Entry]:
    found = await asyncio.gather(*(app.ledger.find(job) for job in jobs))
    return [entry for entry in found if entry is not None]


def _is_of(entry: Entry, alert: Alert) -> bool:
    mark = notification_of(entry.accepted) if entry.accepted else None
    return mark is not None and mark.alert_id == alert.id


def _is_delivered(entry: Entry) -> bool:
    return entry.kind == "message" and entry.deliveries[0].twilio_status in ("delivered", "read")


def _is_machine(entry: Entry) -> bool:
    return any(
        result.verb == "machine" and (result.answered_by or "").startswith(("machine", "fax"))
        for result in results_of(entry.events)
    )


def _has_picked_up(entry: Entry) -> bool:
    return entry.kind == "call" and any(
        result.verb == "gather"
        or (result.verb == "machine" and result.answered_by in ("human", "unknown"))
        for result in results_of(entry.events)
    )


async def _silence(app: Services, alert: Alert) -> None:
    """Cancel what has not left, and hang up what rings; look again at what is being sent."""
    keys = [
        key_name(mark.key) for run in alert.runs for mark, _ in notifications_of(alert, run)
        if run.n not in alert.notified
    ]  # fmt: skip
    records = await asyncio.gather(*(app.ledger.key(key) for key in keys))
    jobs = [record.job for record in records if record is not None]
    jobs += [job for notified in alert.notified.values() for job in notified.jobs if job]
    entries = await _find_entries(app, jobs)
    is_busy = [await _stop(app, entry) for entry in entries]
    since = alert.quiet_since
    now = app.now()
    if any(is_busy) and since is not None and now < since + _GIVE_UP_SILENCING:
        again = AlertMessage(v=VERSION, alert=alert.id)
        interval = max(_MIN_LOOK_INTERVAL, (now - since) / _LOOKS_PER_AGE)
        await put(app, again, now + interval)


async def _stop(app: Services, entry: Entry) -> bool:
    """Stop one notification; return whether it is being sent at this moment."""
    delivery = entry.deliveries[0]
    if delivery.state in _BUSY:
        return True
    if delivery.pending:
        try:
            await cancel_entry(app, entry, None, at_twilio=False)
        except OverError:
            return True
    elif entry.kind == "call" and delivery.sid and delivery.twilio_status in _RINGS:
        record = await app.provider.stop("call", delivery.sid, only_ringing=True)
        if record is not None:
            report = Reported(at=app.now(), status=record.status, sid=record.sid)
            await app.ledger.record(entry.id, report)
    return False


async def acknowledge(app: Services, alert: Alert, by: str, via: Via) -> tuple[Alert, bool]:
    """Acknowledge an alert; return it after that, and whether this was the first answer.

    Raises:
        OverError: it was resolved or canceled.
    """
    if alert.resolution or alert.cancellation:
        raise OverError(summarize(alert))
    token = f"{app.random():x}"
    event = Answered(at=app.now(), how="acknowledged", by=by, via=via, token=token)
    after = alert if alert.answer else await _record_end(app, alert, event)
    return after, after.answer is not None and after.answer.token == token


async def resolve(app: Services, alert: Alert, by: str, via: Via) -> tuple[Alert, bool]:
    """Resolve an alert; return it after that, and whether it was not resolved before.

    Raises:
        OverError: it was canceled.
    """
    if alert.cancellation and not alert.resolution:
        raise OverError(summarize(alert))
    token = f"{app.random():x}"
    event = Resolved(at=app.now(), by=by, via=via, token=token)
    after = alert if alert.resolution else await _record_end(app, alert, event)
    return after, after.resolution is not None and after.resolution.token == token


async def cancel(app: Services, alert: Alert, by: str) -> Alert:
    """Take an alert back: cancel what has not left, and hang up what rings.

    Raises:
        OverError: it is over.
    """
    if alert.state == "canceled":
        return alert
    if alert.state not in ("open", "acknowledged"):
        raise OverError(summarize(alert))
    return await _record_end(app, alert, Canceled(at=app.now(), by=by))


async def escalate(
    app: Services, alert: Alert, by: str, via: Via, *, seen: int | None = None
) -> Alert:
    """Begin the next level now; return the alert after that was noted.

    `seen` is the run that is to end: once it was escalated, asking again changes nothing.

    Raises:
        OverError: it is over or has no level under way or after that; or run `seen` has ended by
            itself or has not begun.
    """
    run = alert.run
    if seen in alert.escalated:
        return alert
    if seen is not None and run is not None and run.n > seen:
        raise OverError("The next level has begun already")
    if alert.is_quiet or alert.exhaustion:
        raise OverError(summarize(alert))
    if run is None:
        raise OverError("Nobody was notified yet")
    if seen is not None and seen > run.n:
        raise OverError(f"Run {seen} has not begun; the newest one is run {run.n}")
    if next_run(alert.raised, run, is_skipped=True) is None:
        raise OverError("There is nobody left to escalate to")
    event = Escalated(at=app.now(), n=run.n, by=by, via=via)
    return await _record(app, alert, event)


async def _record_end(app: Services, alert: Alert, event: Answered | Resolved | Canceled) -> Alert:
    after = await _record(app, alert, event)
    log("alert_answered", id=alert.id, how=after.state)
    return after


async def _record(
    app: Services, alert: Alert, event: Answered | Resolved | Canceled | Escalated
) -> Alert:
    """Note an event, and see to it that the alert is looked at after that."""
    look = AlertMessage(v=VERSION, alert=alert.id)
    await put(app, look, app.now() + _SAFETY_NET)
    await app.ledger.alerts.record(alert.id, event)
    await put(app, look, app.now())
    return await app.ledger.alerts.find(alert.id, in_full=True) or alert
