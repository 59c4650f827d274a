"""`POST /api/twiml/preview`: steps as the TwiML that they make."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from shared.accept.decode import decode_fields
from shared.accept.idempotency import validate_key
from shared.accept.validate import validate_script
from shared.errors import InvalidRequestError
from shared.jobs.request import CallRequest, Steps
from shared.routes import call_twiml_url
from shared.triggers.requests import read_idempotency_key, read_json_object
from shared.triggers.responses import json_response
from shared.triggers.schemas import PreviewResponse
from shared.twiml.call_script import render_documents
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
    """Answer 200 with the document and those of the answers to a `gather`, or every problem.

    A call's steps are read as those of `POST /api/calls` are.
    """
    decoded = decode_fields(read_json_object(req), PreviewRequest, kind="call")
    request, problems = decoded.value, decoded.problems
    is_call = request.kind == "call"
    script = CallRequest(to="", steps=request.steps)
    if "steps" not in decoded.broken:
        problems += (
            validate_script(script, app.settings)
            if is_call
            else validate_steps(request.steps, request.kind)
        )
    problems += validate_key(read_idempotency_key(req))
    if problems:
        raise InvalidRequestError(problems)
    if not is_call:
        return json_response(PreviewResponse(twiml=render_steps(request.steps, request.kind)))
    # The id is known when the call is accepted.
    come_back = partial(call_twiml_url, app.settings.public_base_url, "{id}")
    branches = render_documents(script, come_back)
    twiml = branches.pop("$.steps")
    return json_response(PreviewResponse(twiml=twiml, branches=branches or None))
