"""The trace that an invocation is part of: from a request, over the queue, to Twilio's report.

The host gives each invocation a trace (https://www.w3.org/TR/trace-context/), which is the caller's
own if it sent one, but carries none through a queue message or through Twilio. So the accepted
event keeps the request's trace and the callback's URL repeats it, and every line that is logged on
the way bears it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import azure.functions as func

_TRACEPARENT: Final = "[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"
# Azure's worker makes a task of each invocation, so that none sees another's.
_trace: Final[ContextVar[str | None]] = ContextVar("trace", default=None)


def read_trace_id(context: func.Context) -> str | None:
    """The trace that the host gave an invocation, if it did."""
    parent = re.fullmatch(_TRACEPARENT, context.trace_context.trace_parent or "")
    return parent[1] if parent else None


def follow_trace(trace: str | None) -> None:
    """Take what is done from here on in this invocation for a part of `trace`."""
    _trace.set(trace)


def current_trace() -> str | None:
    """The trace that is followed, if one is."""
    return _trace.get()
