"""Simulated time: ringing, speech and pauses are faster than on a real telephone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

Result = TypeVar("Result")

MOUSE_FACTOR = 3  # typing an answer takes about three times as long as giving it on a phone


@dataclass(slots=True)
class Clock:
    """How many simulated seconds pass in a real one.

    ``speed`` is for ringing, speech and pauses. ``patience`` is for the time in which somebody who
    drives a phone by hand can press or say something: people need longer than scripts. ``step``
    is the real time in seconds between two statuses of a message. While somebody at the page is on
    a call (``held``), ``in_hand`` replaces both. Reported durations are simulated seconds.
    """

    speed: float = 20.0
    patience: float = 5.0
    step: float = 0.03
    in_hand: float = 1.0
    held: Callable[[], bool] = bool  # by default, nobody is on a call

    @property
    def rate(self) -> float:
        """Simulated seconds per real second at this moment."""
        return self.in_hand if self.held() else self.speed

    @property
    def waiting_rate(self) -> float:
        """The same while somebody is expected to press or say something by hand."""
        return self.in_hand / MOUSE_FACTOR if self.held() else min(self.patience, self.speed)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many simulated seconds."""
        await asyncio.sleep(seconds / self.rate)

    async def within(self, seconds: float, awaited: Awaitable[Result]) -> Result:
        """Await something for at most so many simulated seconds.

        Raises:
            TimeoutError: It did not happen in time.
        """
        return await asyncio.wait_for(awaited, seconds / self.rate)

    def elapsed(self, since: float) -> int:
        """Return the whole simulated seconds since a ``time.monotonic()`` reading."""
        return round((time.monotonic() - since) * self.rate)


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@lru_cache(maxsize=4096)
def rfc2822(second: int) -> str:
    """Format whole seconds since 1970 as Twilio does."""
    at = time.gmtime(second)
    return (
        f"{DAYS[at.tm_wday]}, {at.tm_mday:02} {MONTHS[at.tm_mon - 1]} {at.tm_year} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
    )


def now_rfc2822() -> str:
    """Format the present moment as Twilio does."""
    return rfc2822(int(time.time()))
