"""`DELETE /api/recipients/{number}`, for the admin key only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.deliver.cancel import cancel_entry
from shared.errors import InvalidRequestError, Problem
from shared.ledger.erasure import erase, is_start
from shared.log import log
from shared.phone_numbers import NumberError, mask_number, parse_person
from shared.triggers.responses import json_response
from shared.triggers.schemas import ErasureResponse

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.jobs.fold import Entry

# Azure ends a request after 230 seconds; what is left by then is for another one.
_LONGEST: Final = timedelta(seconds=120)


async def erase_recipient(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """200 with what was done; repeat with `start` where `next` is not null."""
    try:
        number = parse_person(req.route_params["number"].replace(" ", "+", 1))
    except NumberError as error:
        raise InvalidRequestError([Problem("$.number", error.code, str(error))]) from None
    start = req.params.get("start", "")
    if not is_start(start):
        raise InvalidRequestError([Problem("$.start", "malformed", "is no place to go on from")])
    deadline = app.now() + _LONGEST

    async def cancel(entry: Entry, index: int) -> object:
        return await cancel_entry(app, entry, index)

    erasure = await erase(
        app.ledger,
        number,
        cancel=cancel,
        start=start,
        enough=lambda: app.now() > deadline,
    )
    log("erased", number=mask_number(number), **asdict(erasure))
    return json_response(ErasureResponse(**asdict(erasure)))
