"""What the queue carries, encoded and decoded here and nowhere else.

A job is `{"v": 1, "job": id, "accepted": {…}}`. A request that some program put on the queue is
any other JSON object; one that has to wait before it can become a job is put back as a
`PostponedRequest`, `{"v": 1, "queue_message": id, "inserted_at": …, "body": …}`. What drives
an alert is an `AlertMessage`, `{"v": 1, "alert": id, …}`.

No name is also a name of the queue trigger's metadata (as `id` is), because Azure's worker lets a
JSON property of that name win: https://github.com/Azure/azure-functions-python-worker.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from shared.errors import UnreadableJobError
from shared.jobs import ids
from shared.jobs.alerts import AlertMessage
from shared.jobs.events import Accepted, Answer, Doubt

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION: Final = 1
# 64 KiB is the service's limit for a message as it is sent, and it is sent in base64.
MAX_JOB_BYTES: Final = 49_152
_KEY_LABEL: Final = b"switchboard job"
# 128 bits in hexadecimal digits.
_DIGEST_LENGTH: Final = 32


class Job(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """One accepted request on its way: its id, and the event that says everything about it.

    `again` is set once it has been delivered before, so that the ledger is read first. `retries`
    is how often an operator had retried it when this message was put. `settlement` is the outcome
    of an attempt that could not be recorded yet. `digest` shows that the app wrote all that.
    """

    v: Literal[1]
    job: Annotated[str, msgspec.Meta(pattern=ids.JOB_PATTERN)]
    accepted: Accepted
    again: bool = False
    retries: int = 0
    settlement: Answer | Doubt | None = None
    digest: str = ""


class PostponedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A request put back on the queue, with the id and time of its first queue message.

    The job's id follows from these, so that it stays the same whatever message carries it.
    """

    v: Literal[1]
    queue_message: str
    inserted_at: Annotated[datetime, msgspec.Meta(tz=True)] | None
    body: str


Signed = TypeVar("Signed", bound="Job | AlertMessage")

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Job)
_postponed_decoder = msgspec.json.Decoder(PostponedRequest)
_alert_decoder = msgspec.json.Decoder(AlertMessage)


def encode_job(job: Job | PostponedRequest | AlertMessage) -> bytes:
    """Return the message as UTF-8 JSON, `MAX_JOB_BYTES` at most if the queue is to take it."""
    return _encoder.encode(job)


def sign(message: Signed, token: str) -> Signed:
    """Return a message with the digest that shows who wrote it.

    Anyone who may write to the queue could put one there that was never validated, under the id of
    another. The key follows from Twilio's auth token: the app has it already, the queue's
    writers do not, and it stays valid through a rotation as long as the old token is the secondary
    one.
    """
    return replace(message, digest=_digest(message, token))


def is_authentic(message: Job | AlertMessage, tokens: Iterable[str]) -> bool:
    """Whether a message was signed with one of the tokens and is unchanged since."""
    return any(hmac.compare_digest(message.digest.encode(), _digest(message, token).encode())
               for token in tokens)  # fmt: skip


def _digest(message: Job | AlertMessage, token: str) -> str:
    key = hmac.digest(token.encode(), _KEY_LABEL, "sha256")
    return hmac.digest(key, _encoder.encode(replace(message, digest="")), "sha256").hex()[
        :_DIGEST_LENGTH
    ]


def decode_queue_message(body: bytes) -> Job | PostponedRequest | AlertMessage | dict[str, Any]:
    """Return what a queue message holds: one of ours, or a program's request.

    Takes UTF-8 JSON as it is, or base64 of it.

    Raises:
        UnreadableJobError: `not_text`, `not_json`, `not_object`, `version` or `shape`.
    """
    text = _text(body)
    try:
        return _decoder.decode(text)
    except msgspec.ValidationError as error:
        return _request_in(text, error)
    except (msgspec.DecodeError, RecursionError):
        raise UnreadableJobError("not_json", "the message is not JSON, nor base64 of it") from None


def _request_in(
    text: str, not_a_job: msgspec.ValidationError
) -> PostponedRequest | AlertMessage | dict[str, Any]:
    try:
        message = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableJobError("not_json", f"the message is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise UnreadableJobError("not_object", "a queue message must be a JSON object")
    if "v" not in message:
        return message
    job = message.get("job")
    if message["v"] != VERSION:
        raise UnreadableJobError("version", f"this app reads jobs of version {VERSION}", job=job)
    with suppress(msgspec.ValidationError):
        return _postponed_decoder.decode(text)
    with suppress(msgspec.ValidationError):
        return _alert_decoder.decode(text)
    raise UnreadableJobError("shape", str(not_a_job), job=job)


def _text(body: bytes) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableJobError("not_text", "the message is not UTF-8") from None
    return text if text.lstrip().startswith(("{", "[", '"')) else _from_base64(text)


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8-sig")
    except (binascii.Error, ValueError):
        return text


def readable_text(body: bytes) -> str:
    """Return the text of a queue message, whatever it is, fit to be kept and shown."""
    return body.decode(errors="backslashreplace")
