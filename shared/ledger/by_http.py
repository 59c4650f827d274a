"""`GET /api/messages`, `GET /api/messages/{id}` and the same for calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, get_args

from shared.errors import InvalidRequestError, NotFoundError, Problem
from shared.http_replies import json_reply
from shared.ledger import entry_id, view
from shared.ledger.fold import State
from shared.ledger.listing import newest_first

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway
    from shared.ledger.events import Kind
    from shared.ledger.fold import Delivery, Entry

_MOST: Final = 100
_USUAL: Final = 20


async def show(req: func.HttpRequest, gateway: Gateway, kind: Kind) -> func.HttpResponse:
    """One entry with its events, or a job of several recipients with its deliveries."""
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
    """A page of entries, newest first; `next` is the cursor of the page after it."""
    state = req.params.get("state")
    # A plus sign that nobody escaped is a space by the time it gets here.
    to = re.sub("^ ", "+", req.params["to"]) if "to" in req.params else None
    limit, cursor = req.params.get("limit", str(_USUAL)), req.params.get("cursor")
    problems = []
    if state is not None and state not in get_args(State):
        problems.append(
            Problem("$.state", "not_one_of", f"is none of {', '.join(get_args(State))}")
        )
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _MOST):
        problems.append(Problem("$.limit", "out_of_range", f"must be from 1 to {_MOST}"))
    if cursor is not None and entry_id.parse(cursor) is None:
        problems.append(Problem("$.cursor", "malformed", "is no cursor of a page"))
    if problems:
        raise InvalidRequestError(problems)

    def wanted(entry: Entry, delivery: Delivery) -> bool:
        return (
            _is_shown(entry, kind) and state in (None, delivery.state) and to in (None, delivery.to)
        )

    page = await newest_first(gateway.ledger.rows, wanted, limit=int(limit), cursor=cursor)
    return json_reply({"items": [view.item(*each) for each in page.items], "next": page.next})


def _is_shown(entry: Entry, kind: Kind) -> bool:
    """Whether an entry is among the messages or the calls; what is unreadable is a message."""
    if entry.accepted is None:
        return kind == "message" and entry.parked is not None
    return entry.kind == kind
