"""`GET /api/inbound`: what people texted, pressed, said and recorded, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.accept.problems import suggest_name
from shared.errors import InvalidRequestError, NotFoundError, Problem
from shared.inbound.events import EVENTS
from shared.jobs import ids
from shared.triggers import views
from shared.triggers.pages import (
    read_limit,
    read_times,
    restore_plus,
    validate_page,
    validate_times,
)
from shared.triggers.requests import validate_query
from shared.triggers.responses import json_response
from shared.triggers.schemas import InboundListResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App

LIST_PARAMETERS: Final = ("event", "since", "until", "limit", "cursor")


async def list_inbound(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer a page of events, newest first; `next` is the cursor of the page after it.

    `event` selects by one kind or several, separated by commas; `since` and `until` (RFC 3339
    with offset) by when they reached us. A page reads a bounded number of rows: it can be short,
    even empty, and still have a `next`.
    """
    query = {name: restore_plus(value) for name, value in req.params.items()}
    kinds = query["event"].split(",") if "event" in query else None
    problems = validate_query(req, LIST_PARAMETERS) + _validate_kinds(kinds or [])
    problems += validate_times(query) + validate_page(query)
    if problems:
        raise InvalidRequestError(problems)
    since, until = read_times(query, app.now())
    page = await app.ledger.received.newest(
        limit=read_limit(query), cursor=query.get("cursor"), since=since, until=until, kinds=kinds
    )
    show_content = app.settings.show_content
    items = [views.show_received(each, show_content=show_content) for each in page.items]
    return json_response(InboundListResponse(items=items, next=page.next))


async def show(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer one event; 404 where there is none of this id, or it was erased."""
    inbound_id = req.route_params["id"]
    found = await app.ledger.received.find(inbound_id) if ids.parse(inbound_id) else None
    if found is None:
        raise NotFoundError("no inbound event has this id")
    return json_response(views.show_received(found, show_content=app.settings.show_content))


def _validate_kinds(kinds: list[str]) -> list[Problem]:
    """Return a problem if one of the kinds of events is unknown."""
    unknown = [kind for kind in kinds if kind not in EVENTS]
    if not unknown:
        return []
    near = suggest_name(unknown[-1], EVENTS)
    hint = f"; did you mean {near}?" if near else ""
    return [Problem("$.event", "not_one_of", f"must be one of {', '.join(EVENTS)}{hint}")]
