"""Read what an HTTP request holds, strictly."""

from __future__ import annotations

import codecs
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec

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


def decode_json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; a byte-order mark before it does not matter.

    Raises:
        InvalidRequestError: `not_json`, with the line and column of the mistake, or `not_object`.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = Problem("$", "not_json", _describe_broken_json(body))
        raise InvalidRequestError([problem]) from None
    if not isinstance(value, dict):
        message = 'the body is JSON but not an object; write e.g. {"to": "+14155552671"}'
        raise InvalidRequestError([Problem("$", "not_object", message)])
    return value


def _describe_broken_json(body: bytes) -> str:
    """Say what keeps `body` from being JSON, and where."""
    if not body.strip():
        return 'the body is empty; send a JSON object, e.g. {"to": "+14155552671", "body": "Hello"}'
    try:
        json.dumps(json.loads(body.decode()), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return (
            r"the body is not JSON: a text in it has half of a character, such as \ud83d alone; "
            "cut texts between characters"
        )
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        return f"the body is not UTF-8: at line {line}; save it as UTF-8"
    except json.JSONDecodeError as error:
        place = f"at line {error.lineno}, column {error.colno}"
        reason = f"{error.msg[:1].lower()}{error.msg[1:]}".removesuffix(" at")
        return f"the body is not JSON: {reason} {place}"
    except (ValueError, RecursionError):
        pass
    return (
        "the body is not JSON: it has NaN or Infinity, a number that is too long, or too many "
        "nested brackets"
    )


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
