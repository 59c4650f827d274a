"""`DELETE /api/recipients/{number}`, for the admin key only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.errors import InvalidRequestError, Problem
from shared.http_replies import json_reply
from shared.log import log
from shared.phone_number import NumberError, masked, read_e164

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway
    from shared.ledger.fold import Entry

# Azure ends a request after 230 seconds; what is left by then is for another one.
_LONGEST: Final = timedelta(seconds=120)


async def erase_recipient(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """200 with what was done; repeat with `start` where `next` is not null."""
    from shared.ledger.erasure import erase, is_start

    try:
        number = read_e164(req.route_params["number"].replace(" ", "+", 1))
    except NumberError as error:
        raise InvalidRequestError([Problem("$.number", error.code, str(error))]) from None
    start = req.params.get("start", "")
    if not is_start(start):
        raise InvalidRequestError([Problem("$.start", "malformed", "is no place to go on from")])
    deadline = gateway.now() + _LONGEST

    async def cancel(entry: Entry, index: int) -> object:
        return await gateway.cancel(entry, index)

    erasure = await erase(
        gateway.ledger,
        number,
        cancel=cancel,
        start=start,
        enough=lambda: gateway.now() > deadline,
    )
    log("erased", number=masked(number), **asdict(erasure))
    return json_reply(asdict(erasure))
