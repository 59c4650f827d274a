"""Idempotency keys: the same key and the same request, the same answer, and one send."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.errors import IdempotencyMismatchError, InvalidRequestError, Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from shared.jobs.request import AnyRequest
    from shared.ledger.ledger import IdempotencyRecord, Ledger

MAX_KEY_LENGTH: Final = 255


def validate_key(key: str | None) -> list[Problem]:
    """Return a problem if there is an idempotency key that is blank or too long."""
    if key is None or (key.strip() and len(key) <= MAX_KEY_LENGTH):
        return []
    code = "too_long" if key.strip() else "blank"
    message = f"must have 1 to {MAX_KEY_LENGTH} characters, e.g. order-1234"
    return [Problem("Idempotency-Key", code, message)]


def key_name(key: str) -> str:
    """Return the name under which an idempotency key is kept.

    Raises:
        InvalidRequestError: it is blank or longer than `MAX_KEY_LENGTH` characters.
    """
    if problems := validate_key(key):
        raise InvalidRequestError(problems)
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def canonical_request(request: AnyRequest) -> dict[str, Any]:
    """Return what a request means: one recipient or a list of one, and any zone, are the same.

    Fields that are not given are left out, so that fields which come later change nothing.
    """
    given = msgspec.structs.asdict(request).items()
    fields = {name: value for name, value in given if value is not None} | {"kind": request.kind}
    for name in ("to", "media_url"):
        if isinstance(fields.get(name), str):
            fields[name] = [fields[name]]
    if fields.get("send_at"):
        # The first and the last day of the calendar have no UTC; nothing is accepted for them.
        with suppress(OverflowError):
            fields["send_at"] = fields["send_at"].astimezone(UTC)
    return fields


def digest_of(what: object) -> str:
    """Return a digest of what a request means, in canonical JSON."""
    return hashlib.sha256(msgspec.json.encode(what, order="sorted")).hexdigest()


def require_same(held: IdempotencyRecord, mine: IdempotencyRecord) -> None:
    """Refuse a key that was used for a request with another meaning.

    Raises:
        IdempotencyMismatchError: it was.
    """
    if held.digest != mine.digest:
        message = "the key was used before for another request; use a new key for this one"
        raise IdempotencyMismatchError(message)


async def run_once(
    ledger: Ledger,
    key: str,
    what: object,
    at: datetime,
    answer: Callable[[str], Awaitable[bytes]],
) -> bytes:
    """Return the answer to a request under its key: made once, then repeated byte for byte.

    `answer` makes it; it is given the name under which the key is kept.

    Raises:
        IdempotencyMismatchError: the key was used for a request with another meaning.
    """
    from shared.ledger.ledger import IdempotencyRecord

    name = key_name(key)
    mine = IdempotencyRecord(job="", at=at, digest=digest_of(what))
    require_same(await ledger.hold_key(name, mine), mine)
    return await ledger.kept_answer(name) or await ledger.keep_answer(name, await answer(name))
