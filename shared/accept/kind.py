"""Whether a request without a route of its own is a message or a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.jobs.request import REQUEST_OF_KIND, CallRequest, MessageRequest

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.kinds import Kind

KIND_MESSAGE: Final = 'must be "message" or "call"'
_MESSAGE: Final = frozenset(MessageRequest.__struct_encode_fields__)
_CALL: Final = frozenset(CallRequest.__struct_encode_fields__)


def infer_kind(named: object, fields: Collection[str]) -> Kind | None:
    """The kind that is named or, where none is, that the fields leave no doubt about."""
    if isinstance(named, str) and named in REQUEST_OF_KIND:
        return "call" if named == "call" else "message"
    call = not (_CALL - _MESSAGE).isdisjoint(fields)
    message = not (_MESSAGE - _CALL).isdisjoint(fields)
    if named is not None or call == message:
        return None
    return "call" if call else "message"
