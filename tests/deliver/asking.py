"""The routes of a world's workers, asked as the host asks them."""

import json
from typing import Any

from shared.accept import batch_by_http as batches
from shared.deliver import batch_by_http as batch_delivering
from shared.deliver import by_http as delivering
from shared.gateway import Gateway
from shared.http_replies import answered
from shared.ledger.events import Kind
from tests.app import Reply, invocation, request


async def ask(step: Any, worker: Gateway, *more: object, **about: Any) -> Reply:  # noqa: ANN401 - whatever the route takes
    """Ask one route; `about` is the request's `entry`, `fields`, `body`, `headers` and `query`."""
    fields = about.get("fields")
    body = about.get("body", b"") if fields is None else json.dumps(fields).encode()
    params = {"id": about["entry"]} if "entry" in about else {}
    headers = {name: value for name, value in about.get("headers", {}).items() if value is not None}
    target = "/api/x" + about.get("query", "")
    req = request("POST", target, body=body, headers=headers, route_params=params)
    reply = await answered(step, req, worker, *more)
    return Reply(reply.status_code, reply.headers, reply.get_body())


async def cancel(worker: Gateway, entry: str, kind: Kind = "message") -> Reply:
    """`DELETE /api/messages/{id}`, or the same of a call."""
    return await ask(delivering.cancel, worker, kind, entry=entry)


async def retry(
    worker: Gateway, entry: str, key: str | None = None, kind: Kind = "message"
) -> Reply:
    """`POST /api/messages/{id}/retry`, or the same of a call."""
    return await ask(delivering.retry, worker, kind, entry=entry, headers=_key(key))


async def accept_batch(worker: Gateway, fields: dict[str, Any], key: str | None = None) -> Reply:
    """`POST /api/batches`, in JSON."""
    return await ask(batches.accept, worker, invocation(), fields=fields, headers=_key(key))


async def accept_csv(worker: Gateway, body: bytes, query: str, key: str | None = None) -> Reply:
    """`POST /api/batches`, in CSV; `query` begins with a question mark."""
    headers = {"Content-Type": "text/csv; charset=utf-8", **_key(key)}
    return await ask(batches.accept, worker, invocation(), body=body, query=query, headers=headers)


async def show_batch(worker: Gateway, batch: str) -> Reply:
    """`GET /api/batches/{id}`."""
    return await ask(batches.show, worker, entry=batch)


async def cancel_batch(worker: Gateway, batch: str) -> Reply:
    """`DELETE /api/batches/{id}`."""
    return await ask(batch_delivering.cancel, worker, entry=batch)


async def retry_batch(worker: Gateway, batch: str, key: str | None = None) -> Reply:
    """`POST /api/batches/{id}/retry`."""
    return await ask(batch_delivering.retry, worker, entry=batch, headers=_key(key))


def _key(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}
