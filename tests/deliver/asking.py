"""The routes of a world's workers, asked as the host asks them."""

import json
from typing import Any

from shared.app import App
from shared.kinds import Kind
from shared.triggers import batches, entries
from shared.triggers.responses import handle_errors
from tests.in_memory_app import Reply, invocation, request


async def ask(step: Any, worker: App, *more: object, **about: Any) -> Reply:  # noqa: ANN401 - whatever the route takes
    """Ask one route; `about` is the request's `entry`, `fields`, `body`, `headers` and `query`."""
    fields = about.get("fields")
    body = about.get("body", b"") if fields is None else json.dumps(fields).encode()
    params = {"id": about["entry"]} if "entry" in about else {}
    headers = {name: value for name, value in about.get("headers", {}).items() if value is not None}
    target = "/api/x" + about.get("query", "")
    req = request("POST", target, body=body, headers=headers, route_params=params)
    reply = await handle_errors(step, req, worker, *more)
    return Reply(reply.status_code, reply.headers, reply.get_body())


async def cancel(worker: App, entry: str, kind: Kind = "message") -> Reply:
    """`DELETE /api/messages/{id}`, or the same of a call."""
    return await ask(entries.cancel, worker, kind, entry=entry)


async def retry(worker: App, entry: str, key: str | None = None, kind: Kind = "message") -> Reply:
    """`POST /api/messages/{id}/retry`, or the same of a call."""
    return await ask(entries.retry, worker, kind, entry=entry, headers=_key(key))


async def accept_batch(worker: App, fields: dict[str, Any], key: str | None = None) -> Reply:
    """`POST /api/batches`, in JSON."""
    return await ask(batches.accept, worker, invocation(), fields=fields, headers=_key(key))


async def show_batch(worker: App, batch: str) -> Reply:
    """`GET /api/batches/{id}`."""
    return await ask(batches.show, worker, entry=batch)


async def cancel_batch(worker: App, batch: str) -> Reply:
    """`DELETE /api/batches/{id}`."""
    return await ask(batches.cancel, worker, entry=batch)


async def retry_batch(worker: App, batch: str, key: str | None = None) -> Reply:
    """`POST /api/batches/{id}/retry`."""
    return await ask(batches.retry, worker, entry=batch, headers=_key(key))


def _key(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}
