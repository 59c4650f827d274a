"""`GET /api/messages`, `GET /api/messages/{id}` and the same for calls."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, get_args

from shared.errors import InvalidRequestError, NotFoundError, Problem
from shared.http_replies import json_reply
from shared.ledger import entry_id

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway
    from shared.ledger.events import Kind
    from shared.ledger.fold import Delivery, Entry

_MOST: Final = 100
_USUAL: Final = 20
_EXACT: Final = ("state", "to", "sid", "twilio_status")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def show(req: func.HttpRequest, gateway: Gateway, kind: Kind) -> func.HttpResponse:
    """One entry with its events, or a job of several recipients with its deliveries."""
    from shared.ledger import view

    entry, index = await found(req.route_params["id"], gateway, kind)
    return json_reply(view.whole(entry, index))


async def found(text: str, gateway: Gateway, kind: Kind) -> tuple[Entry, int | None]:
    """The entry that an id names, and which recipient of it (None: it names the job).

    Raises:
        NotFoundError: no such id, or one of the other kind.
    """
    place = entry_id.parse(text)
    entry = await gateway.ledger.find(place.job_id) if place else None
    if place is None or entry is None or not _is_shown(entry, kind):
        raise NotFoundError(f"there is no {kind} of this id")
    if place.index is not None and place.index >= len(entry.deliveries):
        raise NotFoundError(f"there is no {kind} of this id")
    return entry, place.index


async def newest(req: func.HttpRequest, gateway: Gateway, kind: Kind) -> func.HttpResponse:
    """A page of entries, newest first; `next` is the cursor of the page after it.

    `state`, `to`, `sid` and `twilio_status` choose those that have that, or one of several that
    commas part, `error` those of a code, `since` and `until` (RFC 3339 with offset) those that
    were accepted between. A page looks at so many entries and no more: it can be short, even
    empty, and yet have a `next`.
    """
    from shared.ledger import view
    from shared.ledger.fold import State
    from shared.ledger.listing import newest_first

    query = {name: _with_plus(value) for name, value in req.params.items()}
    limit, cursor = query.get("limit", str(_USUAL)), query.get("cursor")
    since, until = _moment(query.get("since")), _moment(query.get("until"))
    problems = [
        Problem(f"$.{name}", "malformed", "is no RFC 3339 time with an offset")
        for name, moment in (("since", since), ("until", until))
        if name in query and moment is None
    ]
    if not set(query.get("state", "accepted").split(",")) <= {*get_args(State)}:
        problems.append(
            Problem("$.state", "not_one_of", f"is none of {', '.join(get_args(State))}")
        )
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= _MOST):
        problems.append(Problem("$.limit", "out_of_range", f"must be from 1 to {_MOST}"))
    if cursor is not None and entry_id.parse(cursor) is None:
        problems.append(Problem("$.cursor", "malformed", "is no cursor of a page"))
    if problems:
        raise InvalidRequestError(problems)
    exact = {name: query[name].split(",") for name in _EXACT if name in query}

    def wanted(entry: Entry, delivery: Delivery) -> bool:
        code = delivery.error[0] if delivery.error else None
        return (
            _is_shown(entry, kind)
            and query.get("error") in (None, code)
            and all(getattr(delivery, name) in values for name, values in exact.items())
        )

    page = await newest_first(
        gateway.ledger.rows,
        wanted,
        limit=int(limit),
        cursor=cursor,
        since=since,
        # No id is later than now, or earlier than the first that there can be.
        until=until and sorted((_EPOCH, until, gateway.now()))[1],
    )
    return json_reply({"items": [view.item(*each) for each in page.items], "next": page.next})


def _with_plus(value: str) -> str:
    """Numbers or a time as they were meant: a plus sign that nobody escaped arrives as a space."""
    return re.sub(r"(?<![^,:]) | (?=\d\d:\d\d$)", "+", value)


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _is_shown(entry: Entry, kind: Kind) -> bool:
    """Whether an entry is among the messages or the calls; what is unreadable is a message."""
    if entry.accepted is None:
        return kind == "message" and entry.parked is not None
    return entry.kind == kind
