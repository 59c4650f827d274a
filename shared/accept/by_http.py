"""`POST /api/messages` and `POST /api/calls`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared import routes
from shared.http_replies import json_reply
from shared.http_requests import idempotency_key, json_object
from shared.ledger.entry_id import recipient_id
from shared.log import log
from shared.tracing import follow, trace_id

if TYPE_CHECKING:
    import azure.functions as func

    from shared.accept.accept import Acceptance
    from shared.gateway import Gateway
    from shared.ledger.events import Kind


async def accept(
    req: func.HttpRequest, gateway: Gateway, kind: Kind, context: func.Context
) -> func.HttpResponse:
    """202 with the id under which the message or call can be followed."""
    follow(trace_id(context))
    fields = json_object(req)
    acceptance = await gateway.accept(kind, fields, key=idempotency_key(req))
    log("accepted", id=acceptance.id, kind=kind, count=len(acceptance.to), source="http")
    path = routes.entry(kind, acceptance.id)
    return json_reply(_receipt(acceptance), status=202, headers={"Location": path})


def _receipt(acceptance: Acceptance) -> dict[str, Any]:
    count = len(acceptance.to)
    sms = {} if acceptance.segments is None else {"segments": acceptance.segments}
    receipts = [
        {
            "id": (entry := recipient_id(acceptance.id, index, count)),
            "kind": acceptance.kind,
            "state": "scheduled" if acceptance.scheduled else "accepted",
            "to": to,
            **sms,
            "links": {"self": routes.entry(acceptance.kind, entry)},
        }
        for index, to in enumerate(acceptance.to)
    ]
    if not acceptance.several:
        return receipts[0]
    return {
        "id": acceptance.id,
        "count": count,
        "deliveries": receipts,
        "links": {"self": routes.entry(acceptance.kind, acceptance.id)},
    }
