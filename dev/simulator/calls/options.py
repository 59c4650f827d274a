"""The options of a call: its document, its limits, and its callbacks."""

from dataclasses import dataclass, field
from typing import Final

from dev.simulator.documents import DocumentUrl, Source

MAX_CALL_SECONDS: Final = 14_400


@dataclass(frozen=True, slots=True)
class StatusCallback:
    """Where the progress of a call is reported, and which events of it."""

    url: str = ""
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})

    @classmethod
    def from_attributes(cls, url: str, events: str, method: str) -> "StatusCallback":
        """Read Twilio's three parameters; without `events` only the end is reported."""
        return cls(url, method, frozenset(events.split() or ["completed"]))


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of one call; times are in seconds."""

    source: Source
    ring_for: float = 60
    time_limit: float = MAX_CALL_SECONDS
    fallback: DocumentUrl | None = None
    status_callback: StatusCallback = field(default_factory=StatusCallback)
    send_digits: str = ""
    detection: str = ""
    async_detection: bool = False
    detection_callback: str = ""
    detection_method: str = "POST"
    record: bool = False
    recording_dual: bool = False
    recording_callback: str = ""
    recording_method: str = "POST"
    parameters: dict[str, str] = field(default_factory=dict)  # sent with every voice request
