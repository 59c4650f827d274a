"""`/api/messages` and `/api/calls`: accept, list, show, cancel and retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

import msgspec

from shared import routes
from shared.accept.accept import accept_request
from shared.accept.idempotency import run_once
from shared.accept.problems import suggest_name
from shared.deliver.cancel import cancel_entry
from shared.deliver.retry import retry_entry
from shared.errors import InvalidRequestError, NotFoundError, Problem
from shared.forms import is_sid
from shared.jobs import ids
from shared.jobs.fold import State
from shared.jobs.ids import recipient_id
from shared.jobs.sids import parse_sid
from shared.ledger.index import starts_of_sids
from shared.ledger.listing import list_newest
from shared.log import follow_trace, log, read_trace_id
from shared.provider import statuses
from shared.triggers import views
from shared.triggers.pages import (
    read_limit,
    read_times,
    restore_plus,
    validate_page,
    validate_times,
)
from shared.triggers.requests import read_idempotency_key, read_json_object, validate_query
from shared.triggers.responses import json_response
from shared.triggers.schemas import (
    AcceptedListResponse,
    AcceptedResponse,
    EntryListResponse,
    Links,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import azure.functions as func

    from shared.accept.accept import Acceptance
    from shared.app import App
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind

_EXACT_FILTERS: Final = ("state", "to", "sid", "twilio_status")
_SIDS_OF_KIND: Final[dict[Kind, tuple[str, ...]]] = {"message": ("SM", "MM"), "call": ("CA",)}
LIST_PARAMETERS: Final = (*_EXACT_FILTERS, "error", "since", "until", "limit", "cursor")


async def accept(
    req: func.HttpRequest, app: App, kind: Kind, context: func.Context
) -> func.HttpResponse:
    """Answer 202 with the id by which the message or call can be followed."""
    follow_trace(read_trace_id(context))
    fields = read_json_object(req)
    acceptance = await accept_request(app, kind, fields, key=read_idempotency_key(req))
    count = len(acceptance.accepted.to)
    log("accepted", id=acceptance.id, kind=kind, count=count, source="http")
    body = _accepted(acceptance)
    return json_response(body, status=202, headers={"Location": body.links.own})


async def list_entries(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer a page of entries, newest first; `next` is the cursor of the page after it.

    `state`, `to`, `sid` and `twilio_status` select by one value or several, separated by commas;
    `error` selects by code; `since` and `until` (RFC 3339 with offset) by when they were accepted.
    A page reads a bounded number of entries: it can be short, even empty, and still have a `next`.
    """
    query = {name: restore_plus(value) for name, value in req.params.items()}
    problems = validate_query(req, LIST_PARAMETERS) + validate_times(query)
    problems += _validate_states(query.get("state", "accepted").split(",")) + validate_page(query)
    if problems:
        raise InvalidRequestError(problems)
    since, until = read_times(query, app.now())
    exact = {name: query[name].split(",") for name in _EXACT_FILTERS if name in query}

    def is_wanted(entry: Entry, delivery: Delivery) -> bool:
        code = delivery.error[0] if delivery.error else None
        return (
            _is_listed(entry, kind)
            and query.get("error") in (None, code)
            and all(getattr(delivery, name) in values for name, values in exact.items())
        )

    page = await list_newest(
        app.table,
        is_wanted,
        limit=read_limit(query),
        cursor=query.get("cursor"),
        since=since,
        until=until,
        starts=_index_starts(app, exact),
    )
    show_content = app.settings.show_content
    items = [views.show_entry(*each, show_content=show_content) for each in page.items]
    return json_response(EntryListResponse(items=items, next=page.next))


def _index_starts(app: App, exact: Mapping[str, list[str]]) -> set[str] | None:
    """Return what the index has the wanted entries under, where recipients or SIDs are given."""
    if "sid" in exact:
        return starts_of_sids(exact["sid"])
    return app.ledger.index.starts_of_recipients(exact["to"]) if "to" in exact else None


def _validate_states(states: list[str]) -> list[Problem]:
    """Return a problem if one of the states is not one of ours."""
    unknown = [state for state in states if state not in get_args(State)]
    if not unknown:
        return []
    message = f"must be one of {', '.join(get_args(State))}"
    for state in unknown:
        if statuses.is_known(state):
            message = f"is a status of Twilio's, not a state; use twilio_status={state}"
        elif near := suggest_name(state, get_args(State)):
            message += f"; did you mean {near}?"
    return [Problem("$.state", "not_one_of", message)]


async def show(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer one entry with its events, or a job of several recipients with its deliveries."""
    entry, index = await find_entry(req.route_params["id"], app, kind)
    return json_response(views.show(entry, index, show_content=app.settings.show_content))


async def cancel(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer 200 with the entry once it is canceled or hung up; 409 when it is over."""
    entry, index = await find_entry(req.route_params["id"], app, kind)
    canceled = await cancel_entry(app, entry, index)
    return json_response(views.show(canceled, index, show_content=app.settings.show_content))


async def retry(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer 202 with the entry once another attempt is open; the same answer for the same key."""
    entry, index = await find_entry(req.route_params["id"], app, kind)

    async def answer(name: str | None = None) -> bytes:
        retried = await retry_entry(app, entry, index, name)
        # What is kept under the key holds no text, which has rows of its own.
        return msgspec.json.encode(views.show(retried, index, show_content=False))

    key = read_idempotency_key(req)
    if key is None:
        body = await answer()
    else:
        meaning = {"retry": req.route_params["id"]}
        body = await run_once(app.ledger, key, meaning, app.now(), answer)
    content = views.content_of(entry, index) if app.settings.show_content else {}
    return json_response({**msgspec.json.decode(body), **content}, status=202)


async def find_entry(text: str, app: App, kind: Kind) -> tuple[Entry, int | None]:
    """Return the entry that an id names, and which recipient of it (None: the whole job).

    A SID names an entry too: Twilio's, and ours that a Twilio client was given.

    Raises:
        NotFoundError: no entry has this id, or one of the other kind.
    """
    place = ids.parse(text) or parse_sid(kind, text)
    entry = await app.ledger.find(place.job_id) if place else None
    if entry is None and is_sid(text, *_SIDS_OF_KIND[kind]):
        entry, place = await _find_by_twilio_sid(text, app, kind)
    if place is None or entry is None or not _is_listed(entry, kind):
        raise NotFoundError(f"no {kind} has this id")
    if place.index is not None and place.index >= len(entry.deliveries):
        raise NotFoundError(f"no {kind} has this id")
    return entry, place.index


async def _find_by_twilio_sid(
    sid: str, app: App, kind: Kind
) -> tuple[Entry | None, ids.EntryId | None]:
    """Return the entry to which Twilio gave a SID, and which recipient of it."""

    def is_wanted(entry: Entry, delivery: Delivery) -> bool:
        return delivery.sid == sid and _is_listed(entry, kind)

    starts = starts_of_sids([sid])
    page = await list_newest(app.table, is_wanted, limit=1, cursor=None, starts=starts)
    for entry, delivery in page.items:
        return entry, ids.parse(delivery.id)
    return None, None


def _accepted(acceptance: Acceptance) -> AcceptedResponse | AcceptedListResponse:
    accepted = acceptance.accepted
    kind, count = accepted.kind, len(accepted.to)
    deliveries = []
    for index, to in enumerate(accepted.to):
        entry = recipient_id(acceptance.id, index, count)
        deliveries.append(
            AcceptedResponse(
                id=entry,
                kind=kind,
                state="scheduled" if accepted.waits else "accepted",
                to=to,
                links=Links(routes.entry_path(kind, entry)),
                segments=acceptance.segments,
            )
        )
    if not acceptance.several:
        return deliveries[0]
    return AcceptedListResponse(
        id=acceptance.id,
        count=count,
        deliveries=deliveries,
        links=Links(routes.entry_path(kind, acceptance.id)),
    )


def _is_listed(entry: Entry, kind: Kind) -> bool:
    """Tell whether an entry is among the messages or the calls; an unreadable one is a message."""
    if entry.accepted is None:
        return kind == "message" and entry.parked is not None
    return entry.kind == kind
