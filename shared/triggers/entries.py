"""`/api/messages` and `/api/calls`: accept, list, show, cancel and retry."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, get_args

import msgspec

from shared import routes
from shared.accept.accept import accept_request
from shared.accept.idempotency import run_once
from shared.deliver.cancel import cancel_entry
from shared.deliver.retry import retry_entry
from shared.errors import InvalidRequestError, NotFoundError, Problem
from shared.jobs import ids
from shared.jobs.fold import State
from shared.jobs.ids import recipient_id
from shared.ledger.index import starts_of_sids
from shared.ledger.listing import list_newest
from shared.log import log
from shared.tracing import follow_trace, read_trace_id
from shared.triggers import views
from shared.triggers.requests import read_idempotency_key, read_json_object
from shared.triggers.responses import json_response
from shared.triggers.schemas import (
    AcceptedListResponse,
    AcceptedResponse,
    EntryListResponse,
    entry_links,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import azure.functions as func

    from shared.accept.accept import Acceptance
    from shared.app import App
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind

_MAX_LIMIT: Final = 100
_DEFAULT_LIMIT: Final = 20
_EXACT_FILTERS: Final = ("state", "to", "sid", "twilio_status")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def accept(
    req: func.HttpRequest, app: App, kind: Kind, context: func.Context
) -> func.HttpResponse:
    """Answer 202 with the id by which the message or call can be followed."""
    follow_trace(read_trace_id(context))
    fields = read_json_object(req)
    acceptance = await accept_request(app, kind, fields, key=read_idempotency_key(req))
    log("accepted", id=acceptance.id, kind=kind, count=len(acceptance.to), source="http")
    path = routes.entry_path(kind, acceptance.id)
    return json_response(_accepted(acceptance), status=202, headers={"Location": path})


async def list_entries(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer a page of entries, newest first; `next` is the cursor of the page after it.

    `state`, `to`, `sid` and `twilio_status` select by one value or several, separated by commas;
    `error` selects by code; `since` and `until` (RFC 3339 with offset) by when they were accepted.
    A page reads a bounded number of entries: it can be short, even empty, and still have a `next`.
    """
    query = {name: _restore_plus(value) for name, value in req.params.items()}
    limit, cursor = query.get("limit", str(_DEFAULT_LIMIT)), query.get("cursor")
    since, until = _read_time(query.get("since")), _read_time(query.get("until"))
    problems = [
        Problem(f"$.{name}", "malformed", "is not an RFC 3339 time with an offset")
        for name, time in (("since", since), ("until", until))
        if name in query and time is None
    ]
    if not set(query.get("state", "accepted").split(",")) <= {*get_args(State)}:
        problems.append(
            Problem("$.state", "not_one_of", f"must be one of {', '.join(get_args(State))}")
        )
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= _MAX_LIMIT):
        problems.append(Problem("$.limit", "out_of_range", f"must be from 1 to {_MAX_LIMIT}"))
    if cursor is not None and ids.parse(cursor) is None:
        problems.append(Problem("$.cursor", "malformed", "is not a valid cursor"))
    if problems:
        raise InvalidRequestError(problems)
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
        limit=int(limit),
        cursor=cursor,
        since=since,
        # An id is never later than now, nor earlier than the first possible one.
        until=until and sorted((_EPOCH, until, app.now()))[1],
        starts=_index_starts(app, exact),
    )
    items = [views.show_entry(*each) for each in page.items]
    return json_response(EntryListResponse(items=items, next=page.next))


def _index_starts(app: App, exact: Mapping[str, list[str]]) -> set[str] | None:
    """Return what the index has the wanted entries under, where recipients or SIDs are given."""
    if "sid" in exact:
        return starts_of_sids(exact["sid"])
    return app.ledger.index.starts_of_recipients(exact["to"]) if "to" in exact else None


async def show(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer one entry with its events, or a job of several recipients with its deliveries."""
    entry, index = await find_entry(req.route_params["id"], app, kind)
    return json_response(views.show(entry, index))


async def cancel(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer 200 with the entry once it is canceled or hung up; 409 when it is over."""
    entry, index = await find_entry(req.route_params["id"], app, kind)
    return json_response(views.show(await cancel_entry(app, entry, index), index))


async def retry(req: func.HttpRequest, app: App, kind: Kind) -> func.HttpResponse:
    """Answer 202 with the entry once another attempt is open; the same answer for the same key."""
    entry, index = await find_entry(req.route_params["id"], app, kind)

    async def answer(name: str | None = None) -> bytes:
        return msgspec.json.encode(views.show(await retry_entry(app, entry, index, name), index))

    key = read_idempotency_key(req)
    if key is None:
        body = await answer()
    else:
        meaning = {"retry": req.route_params["id"]}
        body = await run_once(app.ledger, key, meaning, app.now(), answer)
    return json_response(msgspec.Raw(body), status=202)


async def find_entry(text: str, app: App, kind: Kind) -> tuple[Entry, int | None]:
    """Return the entry that an id names, and which recipient of it (None: the whole job).

    Raises:
        NotFoundError: there is no such id, or it is one of the other kind.
    """
    place = ids.parse(text)
    entry = await app.ledger.find(place.job_id) if place else None
    if place is None or entry is None or not _is_listed(entry, kind):
        raise NotFoundError(f"there is no {kind} with this id")
    if place.index is not None and place.index >= len(entry.deliveries):
        raise NotFoundError(f"there is no {kind} with this id")
    return entry, place.index


def _accepted(acceptance: Acceptance) -> AcceptedResponse | AcceptedListResponse:
    kind, count = acceptance.kind, len(acceptance.to)
    deliveries = [
        AcceptedResponse(
            id=(entry := recipient_id(acceptance.id, index, count)),
            kind=kind,
            state="scheduled" if acceptance.scheduled else "accepted",
            to=to,
            links=entry_links(kind, entry),
            segments=acceptance.segments,
        )
        for index, to in enumerate(acceptance.to)
    ]
    if not acceptance.several:
        return deliveries[0]
    return AcceptedListResponse(
        id=acceptance.id,
        count=count,
        deliveries=deliveries,
        links=entry_links(kind, acceptance.id),
    )


def _restore_plus(value: str) -> str:
    """Restore a plus sign of numbers or of a time that arrived unescaped, as a space."""
    return re.sub(r"(?<![^,:]) | (?=\d\d:\d\d$)", "+", value)


def _read_time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None


def _is_listed(entry: Entry, kind: Kind) -> bool:
    """Tell whether an entry is among the messages or the calls; an unreadable one is a message."""
    if entry.accepted is None:
        return kind == "message" and entry.parked is not None
    return entry.kind == kind
