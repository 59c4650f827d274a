"""What an HTTP request holds, read strictly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from shared.accept.json_body import decode_json_object
from shared.errors import TooLargeError

if TYPE_CHECKING:
    import azure.functions as func

MAX_BODY_BYTES: Final = 1024 * 1024
IDEMPOTENCY_KEY: Final = "Idempotency-Key"


def read_json_object(req: func.HttpRequest, *, most_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object in the body.

    Raises:
        TooLargeError: the body has more than `most_bytes`.
        InvalidRequestError: `not_json` or `not_object`.
    """
    body = req.get_body()
    if len(body) > most_bytes:
        raise TooLargeError(f"the body may have {most_bytes} bytes")
    return decode_json_object(body)


def read_idempotency_key(req: func.HttpRequest) -> str | None:
    """The key under which the request may be repeated, if it has one."""
    key: str | None = req.headers.get(IDEMPOTENCY_KEY)
    return key


def read_media_type(req: func.HttpRequest) -> str:
    """The media type of the body, without its parameters, in lower case."""
    value: str = req.headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()
