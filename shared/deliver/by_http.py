"""`DELETE /api/messages/{id}`, `POST /api/messages/{id}/retry`, and the same for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared.accept.idempotency import once
from shared.http_replies import json_reply
from shared.http_requests import idempotency_key
from shared.ledger.by_http import found

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway
    from shared.ledger.events import Kind


async def cancel(req: func.HttpRequest, gateway: Gateway, kind: Kind) -> func.HttpResponse:
    """200 with the entry once it is canceled, or hung up; 409 when it is over."""
    from shared.ledger import view

    entry, index = await found(req.route_params["id"], gateway, kind)
    return json_reply(view.whole(await gateway.cancel(entry, index), index))


async def retry(req: func.HttpRequest, gateway: Gateway, kind: Kind) -> func.HttpResponse:
    """202 with the entry once another attempt is opened; the same answer for the same key."""
    from shared.ledger import view

    entry, index = await found(req.route_params["id"], gateway, kind)

    async def answer(name: str | None = None) -> bytes:
        return msgspec.json.encode(view.whole(await gateway.retry(entry, index, name), index))

    key = idempotency_key(req)
    if key is None:
        body = await answer()
    else:
        meaning = {"retry": req.route_params["id"]}
        body = await once(gateway.ledger, key, meaning, gateway.now(), answer)
    return json_reply(msgspec.Raw(body), status=202)
