"""`POST /api/twiml/preview`: steps as the TwiML that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from shared.accept.decode import decode_fields
from shared.accept.idempotency import validate_key
from shared.errors import InvalidRequestError
from shared.jobs.request import Steps
from shared.triggers.requests import read_idempotency_key, read_json_object
from shared.triggers.responses import json_response
from shared.triggers.schemas import PreviewResponse
from shared.twiml.steps import render_steps, validate_steps

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App


class PreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps, and whether they are a call's or a message's."""

    steps: Steps
    kind: Annotated[
        Literal["call", "message"], Meta(description="What the steps are for; default call")
    ] = "call"


async def preview(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """200 with the document, or every problem of the steps."""
    del app
    decoded = decode_fields(read_json_object(req), PreviewRequest, kind="call")
    request, problems = decoded.value, decoded.problems
    if "steps" not in decoded.broken:
        problems += validate_steps(request.steps, request.kind)
    problems += validate_key(read_idempotency_key(req))
    if problems:
        raise InvalidRequestError(problems)
    return json_response(PreviewResponse(twiml=render_steps(request.steps, request.kind)))
