"""Read what an HTTP request holds, strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.accept.json_body import decode_json_object
from shared.accept.problems import MAX_HINTS, cut_name, suggest_name
from shared.errors import InvalidRequestError, Problem, TooLargeError, UnsupportedTypeError

if TYPE_CHECKING:
    from collections.abc import Collection

    import azure.functions as func

MAX_BODY_BYTES: Final = 1024 * 1024
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_JSON_TYPES: Final = frozenset({"", "application/json", "text/json"})
# The host reads these itself, in any case: the key, and the name that goes with it.
_HOST_PARAMETERS: Final = frozenset({"code", "clientid"})


def read_json_object(
    req: func.HttpRequest, *, max_bytes: int = MAX_BODY_BYTES, also: str = ""
) -> dict[str, Any]:
    """Return the JSON object in the body.

    A request without a content type is taken for JSON. `also` is what the route reads besides.

    Raises:
        TooLargeError: the body has more than `max_bytes`.
        UnsupportedTypeError: the content type is not JSON.
        InvalidRequestError: `not_json` or `not_object`.
    """
    body = req.get_body()
    if len(body) > max_bytes:
        raise TooLargeError(f"the body must have at most {max_bytes} bytes; send less at once")
    media_type = read_media_type(req)
    if media_type not in _JSON_TYPES and not media_type.endswith("+json"):
        message = "send the body as JSON, with the header Content-Type: application/json"
        raise UnsupportedTypeError(message + also)
    if not body and "chunked" in req.headers.get("transfer-encoding", "").lower():
        # The host of Azure Functions hands on a body without a length as an empty one.
        message = "the body arrived empty: send it with a Content-Length instead of in chunks"
        raise InvalidRequestError([Problem("$", "not_json", message)])
    return decode_json_object(body)


def read_idempotency_key(req: func.HttpRequest) -> str | None:
    """Return the key under which the request may be repeated, or None."""
    key: str | None = req.headers.get(IDEMPOTENCY_KEY)
    return key


def read_media_type(req: func.HttpRequest) -> str:
    """Return the media type of the body, without its parameters, in lower case."""
    value: str = req.headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def validate_query(req: func.HttpRequest, known: Collection[str]) -> list[Problem]:
    """Return a problem for each query parameter that is not among the known ones."""
    unknown = [
        name for name in req.params if name not in known and name.lower() not in _HOST_PARAMETERS
    ]
    listed = f"the parameters are: {', '.join(known)}" if known else "there are no parameters here"
    problems = []
    for number, name in enumerate(unknown):
        near = suggest_name(name, known) if number < MAX_HINTS else None
        advice = f"did you mean {near}?" if near else listed
        path = f"$.{cut_name(name)}"
        problems.append(Problem(path, "unknown_parameter", f"is not a parameter; {advice}"))
    return problems
