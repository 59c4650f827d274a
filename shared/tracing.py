"""The trace that an invocation is part of: from a request, over the queue, to Twilio's report.

The host gives each invocation a trace (https://www.w3.org/TR/trace-context/): the caller's own, if
the request has one. It carries none through a queue message or through Twilio. So the accepted
event keeps the request's trace, the callback's URL repeats it, and every line logged on the way has
it.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import azure.functions as func

_TRACEPARENT: Final = "[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"
# Azure's worker runs each invocation in a task of its own, so that none sees the trace of another.
_trace: Final[ContextVar[str | None]] = ContextVar("trace", default=None)


def read_trace_id(context: func.Context) -> str | None:
    """Return the trace that the host gave an invocation, or None."""
    parent = re.fullmatch(_TRACEPARENT, context.trace_context.trace_parent or "")
    return parent[1] if parent else None


def follow_trace(trace: str | None) -> None:
    """Make the rest of this invocation part of `trace`."""
    _trace.set(trace)


def current_trace() -> str | None:
    """Return the trace that this invocation follows, or None."""
    return _trace.get()
