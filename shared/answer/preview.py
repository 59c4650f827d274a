"""`POST /api/twiml/preview`: steps as the TwiML that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from shared.accept.fields import decode_fields
from shared.accept.idempotency import problems_with_key
from shared.accept.request import Steps
from shared.answer.steps import check_steps, to_twiml
from shared.errors import InvalidRequestError
from shared.http_replies import json_reply
from shared.http_requests import idempotency_key, json_object

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps, and whether they are a call's or a message's."""

    steps: Steps
    kind: Literal["call", "message"] = "call"


async def preview(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """200 with the document, or every problem of the steps."""
    del gateway
    decoded = decode_fields(json_object(req), PreviewRequest, kind="call")
    request, problems = decoded.value, decoded.problems
    if "steps" not in decoded.broken:
        problems += check_steps(request.steps, request.kind)
    problems += problems_with_key(idempotency_key(req))
    if problems:
        raise InvalidRequestError(problems)
    return json_reply({"twiml": to_twiml(request.steps, request.kind)})
