"""Alerts and policies as the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from shared import routes
from shared.accept.alerts import MostField, ThenField, UntilField, UrgentField
from shared.jobs.alerts import (
    AlertState,
    By,
    Joined,
    Level,
    LevelBegun,
    Notified,
    Payload,
    Raised,
    Via,
    find_upcoming,
    mask_who,
)
from shared.jobs.results import CallResult, results_of
from shared.triggers.schemas import EntryError, Id, Links, error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.accept.alerts import Acceptance
    from shared.jobs.alerts import Alert, Answered, AnyAlertEvent, Canceled, Resolved
    from shared.jobs.fold import Entry
    from shared.ledger.alerts import Policy

StateField = Annotated[AlertState, Meta(description="Where the alert stands.")]
NumberField = Annotated[
    int, Meta(description="What people name it by: `A 12` in texts and replies.", examples=[12])
]
KeyField = Annotated[str, Meta(description="Its key, which later alerts join by; or null.")]
CountField = Annotated[int, Meta(description="How often it was raised under its key.")]
WarningsField = Annotated[
    list[str], Meta(description="What was not as expected, and what was done about it.")
]
LevelsField = Annotated[list[Level], Meta(description="Whom to notify, in order.")]


class AlertAcceptedResponse(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An alert was raised, joined or changed; `id` is null where there was none to change."""

    id: Id | None
    state: StateField | None
    number: NumberField | None = None
    key: KeyField | None = None
    count: CountField | None = None
    warnings: WarningsField = []
    links: Links | None = None


class AlertAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who ended an alert, and how."""

    by: Annotated[str, Meta(description="A masked number, or the name that the API was given.")]
    via: (
        Annotated[
            Via,
            Meta(description="A key in a call, a reply, the API, a report of Twilio's, an intake."),
        ]
        | None
    )
    at: Annotated[datetime, Meta(description="When (UTC).")]


class AlertRun(msgspec.Struct, frozen=True, kw_only=True):
    """The level that is under way, or was the last."""

    n: Annotated[int, Meta(description="How many began, this one included.")]
    level: Annotated[int, Meta(description="Which one, from 0, as in `levels`.")]
    round: Annotated[int, Meta(description="In which round, from 1.")]
    time: Annotated[int, Meta(description="For which time in it, from 1, as in `times`.")]
    began_at: Annotated[datetime, Meta(description="When it began (UTC).")]
    ends_at: Annotated[datetime, Meta(description="When it ends if nobody answers (UTC).")]


class AlertNext(msgspec.Struct, frozen=True, kw_only=True):
    """The level that begins if nobody answers; all but `at` are null where nobody is left."""

    at: Annotated[datetime, Meta(description="When (UTC).")]
    level: Annotated[int, Meta(description="Which one, from 0, as in `levels`.")] | None
    round: Annotated[int, Meta(description="In which round, from 1.")] | None
    time: Annotated[int, Meta(description="For which time in it, from 1.")] | None


class AlertNotification(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody who was notified, and what became of it."""

    n: Annotated[int, Meta(description="In which level that began, as in `run`.")]
    level: Annotated[int, Meta(description="Which level, from 0.")]
    at: Annotated[datetime, Meta(description="When the level began (UTC).")]
    to: Annotated[str, Meta(description="Whom.")]
    by: Annotated[By, Meta(description="How.")]
    id: Id | None = None
    state: Annotated[str, Meta(description="The state of the message or call.")] | None = None
    twilio_status: Annotated[str, Meta(description="Twilio's own status.")] | None = None
    updated_at: Annotated[datetime, Meta(description="When its newest event came.")] | None = None
    error: EntryError | None = None
    results: (
        Annotated[list[CallResult], Meta(description="What was pressed and who answered.")] | None
    ) = None
    links: Links | None = None


class AlertResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an alert."""

    id: Id
    state: StateField
    number: NumberField
    text: (
        Annotated[str, Meta(description="What people read and hear; null if SHOW_CONTENT=false.")]
        | None
    )
    key: KeyField | None
    count: CountField
    source: Annotated[str, Meta(description="`api`, or the system that it came from.")]
    policy: Annotated[str, Meta(description="The policy that its levels are from.")] | None
    until: UntilField
    then: ThenField
    most: MostField
    urgent: UrgentField
    levels: LevelsField
    metadata: Annotated[dict[str, str], Meta(description="The request's own, echoed back.")]
    warnings: WarningsField
    raised_at: Annotated[datetime, Meta(description="When it was raised (UTC).")]
    updated_at: Annotated[datetime, Meta(description="When the newest event came (UTC).")]
    run: AlertRun | None
    next: AlertNext | None
    answered: AlertAnswer | None
    resolved: AlertAnswer | None
    canceled: AlertAnswer | None
    links: Links


class AlertWithStoryResponse(AlertResponse, frozen=True, kw_only=True):
    """What is known of an alert, with who was notified and what happened."""

    notifications: Annotated[
        list[AlertNotification], Meta(description="Who was notified, in order.")
    ]
    events: Annotated[
        list[dict[str, Any]],
        Meta(description="What happened, in order; each has `event`, `at` and its own fields."),
    ]
    payload: Annotated[str, Meta(description="What another system sent, as it came.")] | None


class AlertListResponse(msgspec.Struct, frozen=True):
    """A page of alerts, newest first."""

    items: Annotated[list[AlertResponse], Meta(description="Alerts without their story.")]
    next: (
        Annotated[str, Meta(description="The `cursor` of the next page; null on the last one.")]
        | None
    )


class PolicyResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A policy."""

    name: Annotated[str, Meta(description="Its name.", examples=["ops"])]
    levels: LevelsField
    until: UntilField
    then: ThenField
    most: MostField
    urgent: UrgentField
    links: Links


class PolicyListResponse(msgspec.Struct, frozen=True):
    """All policies."""

    items: Annotated[list[PolicyResponse], Meta(description="The policies, by name.")]
    next: Annotated[str, Meta(description="Always null: all are listed.")] | None


def show_acceptance(acceptance: Acceptance, warnings: list[str]) -> AlertAcceptedResponse:
    """Return what is answered to a request that raised or joined an alert."""
    return show_change(acceptance.alert, warnings)


def show_change(alert: Alert | None, warnings: list[str]) -> AlertAcceptedResponse:
    """Return what is answered to an intake; None where there was no alert to change."""
    if alert is None:
        return AlertAcceptedResponse(id=None, state=None, warnings=warnings)
    return AlertAcceptedResponse(
        id=alert.id,
        state=alert.state,
        number=alert.raised.number,
        key=alert.raised.key,
        count=alert.count,
        warnings=warnings,
        links=_links(alert),
    )


def show_alert(alert: Alert, *, show_content: bool) -> AlertResponse:
    """Return an alert without its story; its text is there if `show_content` is true."""
    return AlertResponse(**_fields(alert, show_content=show_content))


def show_story(
    alert: Alert, entries: Mapping[str, Entry], *, show_content: bool
) -> AlertWithStoryResponse:
    """Return an alert with its story; `entries` are its notifications by their ids."""
    return AlertWithStoryResponse(
        **_fields(alert, show_content=show_content),
        notifications=[
            _notification(alert, run, index, entries)
            for run in alert.runs
            for index in range(len(alert.level_of(run).notify))
        ],
        events=[_event(event) for event in alert.events if not isinstance(event, Payload)],
        payload=alert.payload if show_content else None,
    )


def show_policy(name: str, policy: Policy) -> PolicyResponse:
    """Return a policy."""
    return PolicyResponse(
        name=name,
        levels=list(policy.levels),
        until=policy.until,
        then=policy.then,
        most=policy.most,
        urgent=policy.urgent,
        links=Links(routes.policy_path(name)),
    )


def _links(alert: Alert) -> Links:
    return Links(routes.alert_path(alert.id))


def _fields(alert: Alert, *, show_content: bool) -> dict[str, Any]:
    raised, run = alert.raised, alert.run
    return {
        "id": alert.id,
        "state": alert.state,
        "number": raised.number,
        "text": raised.text if show_content else None,
        "key": raised.key,
        "count": alert.count,
        "source": raised.source,
        "policy": raised.policy,
        "until": raised.until,
        "then": raised.then,
        "most": raised.most,
        "urgent": raised.urgent,
        "levels": list(raised.levels),
        "metadata": raised.metadata or {},
        "warnings": list(raised.warnings),
        "raised_at": raised.at,
        "updated_at": alert.events[-1].at,
        "run": None if run is None else _run(alert, run),
        "next": _next(alert),
        "answered": _answer(alert.answer),
        "resolved": _answer(alert.resolution),
        "canceled": _answer(alert.cancellation),
        "links": _links(alert),
    }


def _run(alert: Alert, run: LevelBegun) -> AlertRun:
    return AlertRun(
        n=run.n,
        level=run.level,
        round=run.round,
        time=run.time,
        began_at=run.at,
        ends_at=alert.ends_at(run),
    )


def _next(alert: Alert) -> AlertNext | None:
    upcoming = find_upcoming(alert)
    if upcoming is None:
        return None
    begins = upcoming.run
    if begins is None:
        return AlertNext(at=upcoming.at, level=None, round=None, time=None)
    return AlertNext(at=upcoming.at, level=begins.level, round=begins.round, time=begins.time)


def _answer(event: Answered | Resolved | Canceled | None) -> AlertAnswer | None:
    if event is None:
        return None
    return AlertAnswer(by=mask_who(event.by), via=getattr(event, "via", None), at=event.at)


def _notification(
    alert: Alert, run: LevelBegun, index: int, entries: Mapping[str, Entry]
) -> AlertNotification:
    notify, notified = alert.level_of(run).notify[index], alert.notified.get(run.n)
    job = notified.jobs[index] if notified else None
    shown = AlertNotification(n=run.n, level=run.level, at=run.at, to=notify.to, by=notify.by)
    if notified and (problem := notified.problems.get(str(index))):
        error = EntryError("not_accepted", problem)
        return msgspec.structs.replace(shown, state="refused", error=error)
    entry = entries.get(job or "")
    if entry is None:
        return shown
    delivery = entry.deliveries[0]
    return msgspec.structs.replace(
        shown,
        id=entry.id,
        state=delivery.state,
        twilio_status=delivery.twilio_status,
        updated_at=entry.events[-1].at,
        error=error_of(delivery.error),
        results=results_of(entry.events) if entry.kind == "call" else None,
        links=Links(routes.entry_path(entry.kind, entry.id)),
    )


def _event(event: AnyAlertEvent) -> dict[str, Any]:
    name = "joined" if isinstance(event, Joined) else event.name
    shown: dict[str, Any] = {"event": name, "at": event.at}
    if isinstance(event, Raised | Notified):
        return shown
    fields = {
        field: value
        for field in event.__struct_fields__
        if field not in ("at", "token") and (value := getattr(event, field)) is not None
    }
    if "by" in fields:
        fields["by"] = mask_who(fields["by"])
    return shown | fields
