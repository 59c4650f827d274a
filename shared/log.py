"""One way to log: a constant event name and fields, never a body, a token or a whole number."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Final

from shared.tracing import current_trace

_logger: Final = logging.getLogger("switchboard")


def log(event: str, /, *, level: int = logging.INFO, **fields: object) -> None:
    """Log `event` with its fields as one line, `event {"field": …}`, the fields sorted.

    What is part of a trace has that among its fields.
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
