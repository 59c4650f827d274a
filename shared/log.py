"""One way to log: a constant event name and fields, never a body, a token or an unmasked number."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Final

from shared.tracing import current_trace

_logger: Final = logging.getLogger("switchboard")


def log(event: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Log `event` as one line, `event {"field": …}`, with its fields sorted by name.

    A line of an invocation that follows a trace has it in the field `trace`.
    """
    if trace := current_trace():
        fields["trace"] = trace
    _logger.log(level, "%s %s", event, json.dumps(fields, default=str, sort_keys=True))


def log_error(event: str, error: BaseException, /, **fields: object) -> None:
    """Log an error of our own with its kind and where it was raised.

    Its text is left out, because it may hold a number or a body.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    log(event, level=logging.ERROR, error=type(error).__name__, traceback=frames, **fields)
