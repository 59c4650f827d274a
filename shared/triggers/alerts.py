"""`/api/alerts`: raise, list, show, acknowledge, resolve, escalate and cancel."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final, TypeVar, get_args

import msgspec
from msgspec import Meta

from shared import routes
from shared.accept.alerts import (
    AlertRequest,
    build_raised,
    find_policy,
    raise_alert,
    read_alert,
)
from shared.accept.decode import decode_fields
from shared.accept.intake import SOURCES, payload_text, read_payload
from shared.deliver import alerts
from shared.errors import (
    InvalidRequestError,
    NotFoundError,
    OverError,
    Problem,
    TooLargeError,
)
from shared.jobs import ids
from shared.jobs.alerts import AlertState
from shared.ledger.alerts import Policy
from shared.log import follow_trace, read_trace_id
from shared.triggers.alert_views import (
    AlertListResponse,
    show_acceptance,
    show_alert,
    show_change,
    show_story,
)
from shared.triggers.pages import read_limit, validate_page
from shared.triggers.requests import (
    MAX_BODY_BYTES,
    read_idempotency_key,
    read_json_object,
    validate_query,
)
from shared.triggers.responses import json_response

if TYPE_CHECKING:
    import azure.functions as func

    from shared.accept.intake import Signal
    from shared.app import App
    from shared.jobs.alerts import Alert

LIST_PARAMETERS: Final = ("state", "key", "limit", "cursor")
_THE_API: Final = "the API"
R = TypeVar("R", bound="AnswerRequest")


class AnswerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who answers an alert by the API."""

    by: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=64,
                description="Who it is, as others read and hear it.",
                examples=["Ana"],
            ),
        ]
        | None
    ) = None


class EscalationRequest(AnswerRequest, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who asks for the next level, and during which one."""

    run: (
        Annotated[
            int,
            Meta(
                ge=1,
                description="The alert's `run.n` as it was seen: then asking twice is once, and "
                "409 says that the next level has begun by itself, or that this one has not begun.",
            ),
        ]
        | None
    ) = None


async def accept(req: func.HttpRequest, app: App, context: func.Context) -> func.HttpResponse:
    """Answer 202 with the id by which the alert can be followed."""
    follow_trace(read_trace_id(context))
    fields = read_json_object(req)
    raised = await read_alert(app, fields)
    key = read_idempotency_key(req)
    acceptance = await raise_alert(app, raised, key=key, meaning=fields)
    path = routes.alert_path(acceptance.alert.id)
    return json_response(
        show_acceptance(acceptance, list(raised.warnings)), status=202, headers={"Location": path}
    )


async def list_alerts(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer a page of alerts, newest first; `state` and `key` select."""
    states = req.params["state"].split(",") if "state" in req.params else None
    key = req.params.get("key")
    problems = validate_query(req, LIST_PARAMETERS)
    if not {*(states or ())} <= {*get_args(AlertState)}:
        known = ", ".join(get_args(AlertState))
        problems.append(Problem("$.state", "not_one_of", f"must be one of {known}"))
    problems += validate_page(req.params)
    if problems:
        raise InvalidRequestError(problems)

    def is_wanted(alert: Alert) -> bool:
        return (states is None or alert.state in states) and key in (None, alert.raised.key)

    page = await app.ledger.alerts.list_newest(
        is_wanted, limit=read_limit(req.params), cursor=req.params.get("cursor")
    )
    show_content = app.settings.show_content
    items = [show_alert(alert, show_content=show_content) for alert in page.items]
    return json_response(AlertListResponse(items=items, next=page.next))


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer an alert with its story."""
    return await _respond(app, await find_alert(req, app))


async def acknowledge(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with the alert; the first answer stands, and 409 when it is over."""
    alert, by = await find_alert(req, app), _read_name(req)
    alert, _ = await alerts.acknowledge(app, alert, by, "api")
    return await _respond(app, alert)


async def resolve(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with the alert, which its key no longer joins."""
    alert, by = await find_alert(req, app), _read_name(req)
    alert, _ = await alerts.resolve(app, alert, by, "api")
    return await _respond(app, alert)


async def escalate(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 202 with the alert, whose next level begins; 409 where there is none."""
    alert, request = await find_alert(req, app), _read_answer(req, EscalationRequest)
    by = request.by or _THE_API
    alert = await alerts.escalate(app, alert, by, "api", seen=request.run)
    return await _respond(app, alert, status=202)


async def cancel(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with the alert; 409 when it is over."""
    return await _respond(app, await alerts.cancel(app, await find_alert(req, app), _THE_API))


async def take_in(req: func.HttpRequest, app: App, context: func.Context) -> func.HttpResponse:
    """Answer 202 to what another system sends, whatever it is: it is kept, and never dropped."""
    follow_trace(read_trace_id(context))
    source = req.route_params["source"]
    if source not in SOURCES:
        raise NotFoundError(f"there is no such intake; these are: {', '.join(SOURCES)}")
    body = req.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise TooLargeError(f"the body may have {MAX_BODY_BYTES} bytes")
    signal = read_payload(source, body)
    if signal.action != "raise":
        return await _change(app, signal, source)
    policy, name, warnings = await _choose_policy(app, req.params.get("policy"))
    if signal.problem:
        warnings = [f"{signal.problem}; it is kept as it came", *warnings]
    request = AlertRequest(text=signal.text, key=signal.key, policy=name)
    raised = build_raised(request, policy, app.now(), source=source, warnings=tuple(warnings))
    key, meaning = read_idempotency_key(req), [source, payload_text(body)]
    acceptance = await raise_alert(
        app, raised, key=key, meaning=meaning, payload=payload_text(body)
    )
    path = routes.alert_path(acceptance.alert.id)
    shown = show_acceptance(acceptance, warnings)
    return json_response(shown, status=202, headers={"Location": path})


async def _change(app: App, signal: Signal, source: str) -> func.HttpResponse:
    """Acknowledge or resolve the newest alert of a key; answer 202 where there is none, too."""
    _, alert_id = await app.ledger.alerts.of_key(signal.key or "")
    alert = await app.ledger.alerts.find(alert_id, in_full=True) if alert_id else None
    warnings = [] if alert else ["there is no alert with this key"]
    if alert is not None:
        do = alerts.resolve if signal.action == "resolve" else alerts.acknowledge
        try:
            alert, _ = await do(app, alert, source, "intake")
        except OverError as error:
            warnings = [error.detail]
    return json_response(show_change(alert, warnings), status=202)


async def _choose_policy(app: App, name: str | None) -> tuple[Policy, str | None, list[str]]:
    """Return the policy by which an intake notifies, its name, and what was not as expected."""
    wanted = [name] if name is not None else []
    fallback = app.settings.alert_policy
    warnings: list[str] = []
    for each in [*wanted, *([fallback] if fallback else [])]:
        if policy := await find_policy(app, each):
            return policy, each, warnings
        warnings.append(f"there is no policy {each[:64]}")
    if not warnings:
        warnings = ["no policy was named"]
    return Policy(levels=()), None, [*warnings, "nobody is notified"]


async def find_alert(req: func.HttpRequest, app: App) -> Alert:
    """Return the alert that the path names.

    Raises:
        NotFoundError: there is no such alert.
    """
    place = ids.parse(req.route_params["id"])
    alert = await app.ledger.alerts.find(place.job_id, in_full=True) if place else None
    if place is None or alert is None or place.index is not None:
        raise NotFoundError("there is no alert with this id")
    return alert


async def _respond(app: App, alert: Alert, *, status: int = 200) -> func.HttpResponse:
    jobs = [job for notified in alert.notified.values() for job in notified.jobs if job]
    found = await asyncio.gather(*(app.ledger.find(job) for job in jobs))
    entries = {entry.id: entry for entry in found if entry is not None}
    story = show_story(alert, entries, show_content=app.settings.show_content)
    return json_response(story, status=status)


def _read_name(req: func.HttpRequest) -> str:
    """Return who answers: the body's `by`, if there is a body."""
    return _read_answer(req, AnswerRequest).by or _THE_API


def _read_answer(req: func.HttpRequest, of_type: type[R]) -> R:
    decoded = decode_fields(read_json_object(req) if req.get_body() else {}, of_type)
    if decoded.problems:
        raise InvalidRequestError(decoded.problems)
    return decoded.value
