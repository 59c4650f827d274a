"""Reads host.json: the settings of the host itself, with the real host's defaults.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.host.errors import AppRefusedError

TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)")
MAX_BATCH = 32  # the storage service gives no more messages in one answer
MIN_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class QueueOptions:
    """How every queue trigger of the app polls; times in seconds."""

    batch_size: int
    new_batch_threshold: int
    max_polling_interval: float
    max_dequeue_count: int
    retry_delay: int
    base64: bool


@dataclass(frozen=True)
class HostFile:
    """The part of host.json that this host follows."""

    route_prefix: str
    queues: QueueOptions


def read_host_file(folder: Path) -> HostFile:
    """Read host.json in `folder`.

    Raises:
        AppRefusedError: it is missing, is not JSON, or holds a value that the host refuses.
    """
    try:
        extensions = json.loads((folder / "host.json").read_text("utf-8")).get("extensions", {})
        return HostFile(
            route_prefix=extensions.get("http", {}).get("routePrefix", "api").strip("/"),
            queues=_queue_options(extensions.get("queues", {})),
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise AppRefusedError(f"host.json: {error}") from error


def _queue_options(queues: Mapping[str, Any]) -> QueueOptions:
    batch_size = int(queues.get("batchSize", 16))
    options = QueueOptions(
        batch_size=batch_size,
        new_batch_threshold=int(
            queues.get("newBatchThreshold", batch_size // 2 * (os.cpu_count() or 1))
        ),
        max_polling_interval=_seconds(queues.get("maxPollingInterval", "00:01:00")),
        max_dequeue_count=int(queues.get("maxDequeueCount", 5)),
        retry_delay=int(_seconds(queues.get("visibilityTimeout", "00:00:00"))),
        base64=_is_base64(queues.get("messageEncoding", "base64")),
    )
    if not 1 <= options.batch_size <= MAX_BATCH:
        raise ValueError(f"batchSize must be 1 to {MAX_BATCH}")
    if options.new_batch_threshold < 0 or options.max_dequeue_count < 1:
        raise ValueError("newBatchThreshold must be at least 0, maxDequeueCount at least 1")
    if options.max_polling_interval < MIN_POLL_SECONDS:
        raise ValueError("maxPollingInterval must be at least 00:00:00.100")
    return options


def _seconds(time_span: str) -> float:
    match = TIME_SPAN.fullmatch(time_span)
    if not match:
        raise ValueError(f"{time_span!r} is not a time span such as 00:00:02")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def _is_base64(encoding: str) -> bool:
    if encoding.lower() not in ("none", "base64"):
        raise ValueError("messageEncoding must be none or base64")
    return encoding.lower() == "base64"
