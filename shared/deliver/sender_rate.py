"""A limit of SMS segments per second for each sender, with bursts of a second's worth at most.

Each worker has its own count, so with several workers a sender may reach that many times the rate.
The sender is the number or the Messaging Service. What exceeds the rate is not waited for: it goes
back to the queue until its place in the line comes, in whole seconds. What is urgent does not line
up behind a batch: it takes the next place for itself at once, and the batch goes on after it.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from shared.jobs.events import Outcome
from shared.jobs.segments import count_segments

if TYPE_CHECKING:
    from shared.deliver.guards import Sending

_BURST_SECONDS: Final = 1.0
# Sums of fractions of a second fall short of whole ones by less than this.
_ROUNDING: Final = 1e-6
# A send that has not come for its place by then has come to another worker.
_PROMISED_FOR: Final = 60.0


class SenderRate:
    """A bucket for each sender, kept as the time at which it will be full again."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._full_at: dict[str, float] = {}
        self._line_ends: dict[str, float] = {}
        self._promised: dict[tuple[str, int], float] = {}

    async def __call__(self, sending: Sending) -> Outcome | None:
        """Take what the message's segments need, or say when there will be enough of it."""
        if sending.request.kind == "call":
            return None
        sender, now = sending.request.sender, sending.at.timestamp()
        if self._promised.pop((sending.job_id, sending.index), None) is not None:
            return None
        takes = _segments(sending) / self._per_second
        full_at = max(self._full_at.get(sender, now), now)
        enough_at = full_at - max(_BURST_SECONDS - takes, 0.0)
        if enough_at <= now + _ROUNDING:
            self._full_at[sender] = full_at + takes
            return None
        if sending.request.urgent:
            self._full_at[sender] = full_at + takes
            self._promise(sending, enough_at, now)
            return self._held(sending, enough_at)
        begins = max(self._line_ends.get(sender, 0.0), enough_at)
        self._line_ends[sender] = begins + takes
        return self._held(sending, begins)

    def _promise(self, sending: Sending, begins: float, now: float) -> None:
        """Keep a place for a send, and forget the oldest ones that nobody came for."""
        while self._promised:
            oldest = next(iter(self._promised))
            if self._promised[oldest] > now - _PROMISED_FOR:
                break
            del self._promised[oldest]
        self._promised[sending.job_id, sending.index] = begins

    def _held(self, sending: Sending, begins: float) -> Outcome:
        return Outcome(
            index=sending.index,
            result="retryable",
            code="sender_rate",
            message=f"waits for its turn at {self._per_second:g} segments per second",
            not_before=datetime.fromtimestamp(math.ceil(begins - _ROUNDING), UTC),
        )


def _segments(sending: Sending) -> int:
    parameters = sending.request.parameters
    smart = bool(parameters.get("smart_encoded"))
    return count_segments(parameters.get("body") or "", smart_encoded=smart).count
