"""One way to log: a constant event name and fields, never a body, a token or an unmasked number.

A line has the trace that its invocation is part of: from a request, over the queue, to Twilio's
report. The host gives each invocation a trace (https://www.w3.org/TR/trace-context/): the caller's
own, if the request has one. It carries none through a queue message or through Twilio. So the
accepted event keeps the request's trace, and the callback's URL repeats it.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import azure.functions as func

_TRACEPARENT: Final = "[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}"
_logger: Final = logging.getLogger("switchboard")
# Azure's worker runs each invocation in a task of its own, so that none sees the trace of another.
_trace: Final[ContextVar[str | None]] = ContextVar("trace", default=None)


def log(event: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Log `event` as one line, `event {"field": …}`, with its fields sorted by name.

    A line of an invocation that follows a trace has it in the field `trace`.
    """
    if trace := _trace.get():
        fields["trace"] = trace
    _logger.log(level, "%s %s", event, json.dumps(fields, default=str, sort_keys=True))


def log_error(event: str, error: BaseException, /, **fields: object) -> None:
    """Log an error of our own with its kind and where it was raised.

    Its text is left out, because it may hold a number or a body.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    log(event, level=logging.ERROR, error=type(error).__name__, traceback=frames, **fields)


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
