"""`POST /api/recipients/find` and `…/erase`: what is stored about a person.

Numbers travel in bodies here, since telemetry keeps paths and queries.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta

from shared.accept.decode import decode_fields
from shared.deliver.cancel import cancel_entry
from shared.errors import InvalidRequestError, Problem
from shared.jobs import ids
from shared.ledger.erasure import erase, is_start
from shared.ledger.people import find_person
from shared.log import log
from shared.phone_numbers import NumberError, mask_number, parse_person
from shared.triggers import views
from shared.triggers.requests import read_json_object
from shared.triggers.responses import json_response
from shared.triggers.schemas import ErasureResponse, OptOutResponse, PersonResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.jobs.fold import Entry

# Azure ends a request after 230 seconds; what is left by then is for another one.
_MAX_DURATION: Final = timedelta(seconds=120)

Number = Annotated[
    str, Meta(description="The person's number in E.164.", examples=["+14155552671"])
]


class FindRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data to show (E.164), from `cursor` on."""

    number: Number
    cursor: Annotated[str, Meta(description="The `next` of the answer before this one.")] | None = (
        None
    )


class EraseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose data to erase (E.164), from `start` on."""

    number: Number
    start: Annotated[str, Meta(description="The `next` of the answer before this one.")] = ""


async def find_recipient(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with a page; repeat with `cursor` where `next` is not null."""
    decoded = decode_fields(read_json_object(req), FindRequest, number="")
    request, problems = decoded.value, [*decoded.problems]
    if request.cursor is not None and ids.parse(request.cursor) is None:
        problems.append(Problem("$.cursor", "malformed", "is not a valid cursor"))
    number = _read_number(request.number, problems)
    show_content = app.settings.show_content
    page = await find_person(app.ledger, number, cursor=request.cursor, now=app.now())
    return json_response(
        PersonResponse(
            items=[views.show_entry(*each, show_content=show_content) for each in page.items],
            inbound=[
                views.show_inbound(event, show_content=show_content) for event in page.inbound
            ],
            opt_outs=[OptOutResponse(each.sender, each.says, each.at) for each in page.opt_outs],
            next=page.next,
        )
    )


async def erase_recipient(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 200 with what was done; repeat with `start` where `next` is not null."""
    decoded = decode_fields(read_json_object(req), EraseRequest, number="")
    request, problems = decoded.value, [*decoded.problems]
    if not is_start(request.start):
        problems.append(
            Problem("$.start", "malformed", "must be the `next` of an answer to this request")
        )
    number = _read_number(request.number, problems)
    deadline = app.now() + _MAX_DURATION

    async def cancel(entry: Entry, index: int) -> object:
        return await cancel_entry(app, entry, index)

    erasure = await erase(
        app.ledger,
        number,
        cancel=cancel,
        start=request.start,
        enough=lambda: app.now() > deadline,
    )
    log("erased", number=mask_number(number), **asdict(erasure))
    return json_response(ErasureResponse(**asdict(erasure)))


def _read_number(text: str, problems: list[Any]) -> str:
    """Return the number in an address; raise InvalidRequestError with every problem."""
    try:
        number = parse_person(text)
    except NumberError as error:
        number = ""
        problems = problems or [Problem("$.number", error.code, str(error))]
    if problems:
        raise InvalidRequestError(problems)
    return number
