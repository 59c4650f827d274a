"""`DELETE /api/batches/{id}` and `POST /api/batches/{id}/retry`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from shared.accept.batch_by_http import found, shown
from shared.accept.idempotency import once
from shared.errors import OverError
from shared.http_replies import json_reply
from shared.http_requests import idempotency_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import azure.functions as func

    from shared.gateway import Gateway
    from shared.ledger.batches import Batch
    from shared.ledger.fold import Entry

_AT_ONCE: Final = 32


async def cancel(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """200 with the batch once what has not left is canceled; 409 where everything has left."""
    batch = await found(req.route_params["id"], gateway)

    async def stop(entry: Entry) -> object:
        return await gateway.cancel(entry, None, at_twilio=False)

    if not await _each(batch, gateway, stop):
        raise OverError("nothing of it is left to cancel")
    return json_reply(await shown(batch, gateway))


async def retry(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """202 with the batch once what failed is tried again; 409 where nothing did."""
    batch = await found(req.route_params["id"], gateway)

    async def answer(name: str | None = None) -> bytes:
        async def again(entry: Entry) -> object:
            return await gateway.retry(entry, None, name)

        if not await _each(batch, gateway, again):
            raise OverError("nothing of it was parked or refused")
        return msgspec.json.encode(await shown(batch, gateway))

    key = idempotency_key(req)
    if key is None:
        body = await answer()
    else:
        body = await once(gateway.ledger, key, {"retry": batch.id}, gateway.now(), answer)
    return json_reply(msgspec.Raw(body), status=202)


async def _each(batch: Batch, gateway: Gateway, step: Callable[[Entry], Awaitable[object]]) -> int:
    """Take a step for each job of a batch; how many of them it was not too late for."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def take(entry: Entry) -> bool:
        async with places:
            try:
                await step(entry)
            except OverError:
                return False
            return True

    entries = await gateway.ledger.batches.entries(batch.id)
    return sum(await asyncio.gather(*map(take, entries)))
