"""The OpenAPI 3.1 document: the table of operations, with schemas made of the types.

https://spec.openapis.org/oas/v3.1.1
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple, get_args

import msgspec

from shared.accept.batch_request import MAX_BATCH_RECIPIENTS, BatchOptions
from shared.accept.idempotency import MAX_KEY_LENGTH
from shared.accept.intake import SOURCES
from shared.inbound.events import EVENTS
from shared.jobs.alerts import AlertState
from shared.jobs.fold import State
from shared.jobs.request import CallRequest, MessageRequest
from shared.routes import PREFIX
from shared.triggers.batches import MAX_BATCH_BYTES
from shared.triggers.openapi.operations import ANYTHING, BATCH, FORM, OPERATIONS, Operation
from shared.triggers.requests import MAX_BODY_BYTES
from shared.triggers.schemas import ProblemResponse
from shared.triggers.twilio.errors import TwilioErrorResponse
from shared.twiml.twimlets import TWIMLETS

VERSION: Final = "0.1.0"
_REF: Final = "#/components/schemas/{name}"
_PROBLEM: Final = "application/problem+json"
_JSON: Final = "application/json"
_TWILIOS_ERROR: Final = "Refused, with Twilio's code in Twilio's error body."
_ABOUT: Final = (
    "Send texts and place calls through Twilio: what was accepted is sent once. A 503 means that "
    "it is unknown whether a request was kept: repeat it with the same Idempotency-Key."
)
_DONE: Final = {
    200: "What was asked for.",
    201: "Made; in Twilio's own shape where its route is.",
    202: "Accepted: follow it by its id.",
    204: "Done.",
}
_PROBLEMS: Final = {
    400: "The request has problems, all of them in `errors`.",
    401: "The request has no key, or a wrong one.",
    403: "The request is not signed by Twilio for this URL and body.",
    404: "Nothing has that id.",
    409: "It is over already, or is being sent at this moment.",
    413: f"The body has more than {MAX_BODY_BYTES} bytes (a batch: {MAX_BATCH_BYTES}).",
    415: "The content type is not JSON (a batch: nor CSV).",
    422: "The Idempotency-Key was used for another request.",
    502: "The caller's own status callback did not take it: Twilio repeats it.",
    503: "Settings are wrong, or storage or Twilio did not answer.",
}
# The page puts the cursor into the last one: the one that people fill in.
_SECURITY_SCHEMES: Final = {
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Twilio-Signature",
        "description": "What Twilio signs its own requests with. Nothing to fill in.",
    },
    "query": {
        "type": "apiKey",
        "in": "query",
        "name": "code",
        "description": "The function key in the URL, for a webhook that cannot send a header.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "For Twilio's SDKs: the account SID with its auth token, or a key of"
        " `CLIENT_KEYS` with its secret.",
    },
    "header": {
        "type": "apiKey",
        "in": "header",
        "name": "x-functions-key",
        "description": "A function key: `local-key` with `python3 dev run`.",
    },
}


@cache
def document() -> bytes:
    """Return the document as JSON; it is made once, on first use."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        path = f"{PREFIX}/{operation.route}"
        paths.setdefault(path, {})[operation.method] = _operation(operation)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Switchboard", "version": VERSION, "description": _ABOUT},
            "servers": [{"url": "/"}],
            "paths": paths,
            "components": {
                "schemas": _schemas(),
                "securitySchemes": _SECURITY_SCHEMES,
            },
        }
    )


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "security": _SECURITY[operation.auth],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if operation.body is not None:
        described["requestBody"] = {"required": operation.needs_body, "content": _body(operation)}
    return described


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, **_PATH[name]._asdict()}
        for name in re.findall(r"\{(\w+)\}", operation.route)
    ]
    parameters += [
        {"name": name.rpartition(":")[2], "in": "query", "explode": False, **_QUERY[name]._asdict()}
        for name in operation.query
    ]
    if operation.body == BATCH:
        parameters.append(_FIELDS_BESIDE_CSV)
    if operation.repeatable:
        parameters.append(_IDEMPOTENCY_KEY)
    return parameters


_KEY: Final[list[dict[str, list[str]]]] = [{"header": []}, {"query": []}]
_SECURITY: Final = {
    "key": _KEY,
    "admin": _KEY,
    "signed": [{"signature": []}],
    "basic": [{"basic": []}],
    "anyone": [],
}
_TEXT: Final = {"type": "string"}


class _Parameter(NamedTuple):
    """What a parameter means, and its schema."""

    description: str
    schema: dict[str, Any] = _TEXT


_PATH: Final = {
    "id": _Parameter(
        "An id of ours: of an entry, a job of several recipients, a batch, or what reached us."
    ),
    "name": _Parameter("The twimlet.", {"enum": list(TWIMLETS)}),
    "source": _Parameter("Which system sends it.", {"enum": list(SOURCES)}),
    "policy": _Parameter("The policy's name: letters, digits, dots, dashes and underscores."),
    "account": _Parameter("The SID of the Twilio account that the settings name."),
    "sid": _Parameter("A SID that a program was given here, or Twilio's own."),
}
_QUERY = {
    "state": _Parameter(
        "Only entries in one of these states, separated by commas.",
        {"type": "array", "items": {"enum": list(get_args(State))}, "minItems": 1},
    ),
    "alert:state": _Parameter(
        "Only alerts in one of these states, separated by commas.",
        {"type": "array", "items": {"enum": list(get_args(AlertState))}, "minItems": 1},
    ),
    "event": _Parameter(
        "Only events of one of these kinds, separated by commas.",
        {"type": "array", "items": {"enum": list(EVENTS)}, "minItems": 1},
    ),
    "key": _Parameter("Only alerts that were raised under this key."),
    "policy": _Parameter("The policy by which people are notified."),
    "alert": _Parameter("The alert to look at then; our own signature covers it."),
    "to": _Parameter("Only entries for this recipient, written as it was accepted."),
    "sid": _Parameter("Only the entry with this SID of Twilio's."),
    "twilio_status": _Parameter("Only entries with this status of Twilio's, such as `delivered`."),
    "error": _Parameter("Only entries with this error code."),
    "since": _Parameter(
        "Only what was accepted, or reached us, at or after this time (RFC 3339 with offset).",
        {"type": "string", "format": "date-time"},
    ),
    "until": _Parameter(
        "Only what was accepted, or reached us, at or before this time (RFC 3339 with offset).",
        {"type": "string", "format": "date-time"},
    ),
    "limit": _Parameter(
        "How many items a page has at most.",
        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    ),
    "cursor": _Parameter("The `next` of the page before this one."),
    "client": _Parameter("Whose secret signs what is passed on; our signature covers it."),
    "events": _Parameter("The events of a call to pass on; our own signature covers it."),
    "method": _Parameter("By which method to pass it on; our own signature covers it."),
    "forward": _Parameter("Where the report is passed on to; our own signature covers it."),
    "trace": _Parameter("The trace that the report belongs to; our own signature covers it."),
}
# The filters of Twilio's lists, by Twilio's names.
_QUERY |= {
    name: _Parameter("As in Twilio's API.")
    for name in (
        "To", "From", "Status", "PageSize", "Page", "PageToken", "DateSent", "DateSent<",
        "DateSent>", "StartTime", "StartTime<", "StartTime>", "EndTime", "EndTime<", "EndTime>",
    )
}  # fmt: skip
_FIELDS_BESIDE_CSV: Final = {
    "name": "fields",
    "in": "query",
    "description": "With text/csv: the other fields of the request, each by its own name.",
    "schema": {"type": "object", "additionalProperties": _TEXT},
    "example": {"body": "Hello {{name}}, school is closed today."},
}
_IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and the same request get the same answer and send nothing again. "
    "Repeat with it after a 503, or after no answer at all.",
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
}


def _body(operation: Operation) -> dict[str, Any]:
    if operation.body == FORM:
        schema = {"type": "object", "additionalProperties": _TEXT}
        return {"application/x-www-form-urlencoded": {"schema": schema}}
    if operation.body == ANYTHING:
        return {_JSON: {"schema": {}}}
    examples = {name: {"value": value} for name, value in (operation.examples or {}).items()}
    name = operation.body.__name__ if isinstance(operation.body, type) else "BatchRequest"
    content: dict[str, Any] = {_JSON: {"schema": _ref(name), "examples": examples}}
    if operation.body == BATCH:
        csv = "to,name\n+14155552671,Ana\n"
        content["text/csv"] = {"schema": {"type": "string"}, "example": csv}
    return content


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, answer in operation.answers.items():
        means = _PROBLEMS.get(status, _DONE.get(status, "Done."))
        responses[str(status)] = {"description": means, "content": _content(answer)}
        if operation.accepted and status == 202:  # noqa: PLR2004 - what was accepted
            responses["202"]["content"][_JSON]["example"] = operation.accepted
        if operation.then:
            responses[str(status)]["headers"] = {"Location": {"schema": _TEXT}}
            responses[str(status)]["links"] = {
                name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
                for name in operation.then
            }
    if operation.auth == "basic":
        for status in _problems(operation):
            content = {_JSON: {"schema": _ref("TwilioErrorResponse")}}
            responses[str(status)] = {"description": _TWILIOS_ERROR, "content": content}
        return responses
    for status in _problems(operation):
        content = {_PROBLEM: {"schema": _ref("ProblemResponse")}}
        known = responses.setdefault(str(status), {"description": _PROBLEMS[status], "content": {}})
        known["content"] |= {} if status == 401 else content  # noqa: PLR2004 - the host's own answer
    if "503" in responses:
        responses["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return responses


def _content(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - types, or a media type
    if isinstance(answer, str):
        return {answer: {}} if answer else {}
    return {_JSON: {"schema": {"anyOf": [_ref(shape.__name__) for shape in _shapes(answer)]}}}


def _problems(operation: Operation) -> list[int]:
    """Return the statuses of the problems that an operation can answer with."""
    statuses = {error.status for error in operation.errors}
    if operation.auth in ("key", "admin", "basic"):
        statuses.add(401)
    if operation.auth != "anyone" or 503 in operation.answers:  # noqa: PLR2004 - health's own
        statuses.add(503)
    return sorted(statuses)


def _schemas() -> dict[str, Any]:
    types = {
        shape
        for operation in OPERATIONS
        for answer in operation.answers.values()
        for shape in _shapes(answer)
    }
    types |= {each.body for each in OPERATIONS if isinstance(each.body, type)}
    errors = (ProblemResponse, TwilioErrorResponse)
    _, components = msgspec.json.schema_components([*types, *errors], ref_template=_REF)
    return {**components, "BatchRequest": _batch(components)}


def _batch(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a batch: a message or a call with recipients in place of `to`."""
    own = {
        "kind": {
            "enum": ["message", "call"],
            "description": "What it is; may be left out if the fields leave no doubt",
        },
        "recipients": {
            "description": "1 to 50,000 objects: `to`, and a text or number for each placeholder",
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_BATCH_RECIPIENTS,
            "items": {
                "type": "object",
                "required": ["to"],
                "properties": {"to": {"type": "string"}},
                "additionalProperties": {"type": ["string", "number"]},
            },
        },
        **msgspec.json.schema_components([BatchOptions])[1]["BatchOptions"]["properties"],
    }
    options = []
    for request in (MessageRequest, CallRequest):
        shared = schemas[request.__name__]["properties"]
        properties = {name: schema for name, schema in shared.items() if name != "to"} | own
        options.append(
            {
                "type": "object",
                "properties": properties,
                "required": ["recipients"],
                "additionalProperties": False,
            }
        )
    return {"title": "BatchRequest", "anyOf": options}


def _shapes(answer: Any) -> tuple[type, ...]:  # noqa: ANN401 - a type, or several
    if isinstance(answer, str):
        return ()
    return answer if isinstance(answer, tuple) else (answer,)


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _REF.format(name=name)}
