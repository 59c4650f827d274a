"""Tell whether a request without a route of its own is a message or a call."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from shared.accept.problems import MAX_HINTS, suggest_name
from shared.jobs.request import REQUEST_OF_KIND, CallRequest, MessageRequest

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.kinds import Kind

KIND_MESSAGE: Final = 'must be "message" or "call"; without it, the fields decide, e.g. body or say'
_MESSAGE: Final = frozenset(MessageRequest.__struct_encode_fields__)
_CALL: Final = frozenset(CallRequest.__struct_encode_fields__)


def infer_kind(named: object, fields: Collection[str]) -> Kind | None:
    """Return the kind that is named; if none is, the one that the fields leave no doubt about.

    A misspelt field counts as the one that was meant, so that validation can say so.
    """
    if isinstance(named, str) and named in REQUEST_OF_KIND:
        return "call" if named == "call" else "message"
    if named is not None:
        return None
    near = (suggest_name(name, _MESSAGE | _CALL) or name for name in islice(fields, MAX_HINTS))
    return _kind_of(fields) or _kind_of(list(near))


def _kind_of(fields: Collection[str]) -> Kind | None:
    is_call = not (_CALL - _MESSAGE).isdisjoint(fields)
    is_message = not (_MESSAGE - _CALL).isdisjoint(fields)
    if is_call == is_message:
        return None
    return "call" if is_call else "message"
