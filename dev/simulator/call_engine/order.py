"""What was asked of a call: its document, how long, and who is told about it."""

from dataclasses import dataclass, field
from typing import Final

from dev.simulator.call_engine.documents import Ask, Program

LONGEST_CALL: Final = 14_400


@dataclass(frozen=True, slots=True)
class Reports:
    """Where a leg's progress is reported, and which of it."""

    url: str = ""
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})

    @classmethod
    def of(cls, url: str, events: str, method: str) -> "Reports":
        """From Twilio's three parameters; without events only the end is reported."""
        return cls(url, method, frozenset(events.split() or ["completed"]))


@dataclass(frozen=True, slots=True)
class CallOrder:
    """Everything that was asked of a call."""

    program: Program
    ring_for: float = 60
    time_limit: float = LONGEST_CALL
    fallback: Ask | None = None
    reports: Reports = field(default_factory=Reports)
    send_digits: str = ""
    detection: str = ""
    async_detection: bool = False
    detection_callback: str = ""
    detection_method: str = "POST"
    record: bool = False
    recording_dual: bool = False
    recording_callback: str = ""
    recording_method: str = "POST"
    parameters: dict[str, str] = field(default_factory=dict)  # told with every voice request
