"""Read a JSON body, and say where one is broken."""

from __future__ import annotations

import codecs
import json
from typing import Any

import msgspec

from shared.errors import InvalidRequestError, Problem


def decode_json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; a byte-order mark before it does not matter.

    Raises:
        InvalidRequestError: `not_json`, with the line and column of the mistake, or `not_object`.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = Problem("$", "not_json", describe_broken_json(body))
        raise InvalidRequestError([problem]) from None
    if not isinstance(value, dict):
        message = 'the body is JSON but not an object; write e.g. {"to": "+14155552671"}'
        raise InvalidRequestError([Problem("$", "not_object", message)])
    return value


def describe_broken_json(body: bytes) -> str:
    """Say what keeps `body` from being JSON, and where."""
    if not body.strip():
        return 'the body is empty; send a JSON object, e.g. {"to": "+14155552671", "body": "Hello"}'
    try:
        json.loads(body.decode())
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
