"""Simulated time: ringing, speech and pauses pass faster than on a real telephone."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

Result = TypeVar("Result")

MOUSE = 3  # a mouse and a keyboard take so much longer than a thumb and a voice


@dataclass(slots=True)
class Clock:
    """How many simulated seconds pass in a real one.

    ``speed`` rules ringing, speech and pauses. ``patience`` rules the time that somebody who drives
    a phone by hand has to press or say something: people need longer than machines. ``step`` is
    the real time between two statuses of a message. Reported durations are simulated seconds.
    While somebody at the page is on a call (``held``), ``in_hand`` rules instead: a person needs
    to hear what is said, and time to find the key.
    """

    speed: float = 20.0
    patience: float = 5.0
    step: float = 0.03
    in_hand: float = 1.0
    held: Callable[[], bool] = bool  # nobody holds a phone

    @property
    def rate(self) -> float:
        """Simulated seconds in a real one, as things are now."""
        return self.in_hand if self.held() else self.speed

    @property
    def waiting_rate(self) -> float:
        """The same while somebody is expected to press or say something by hand."""
        return self.in_hand / MOUSE if self.held() else min(self.patience, self.speed)

    async def sleep(self, seconds: float) -> None:
        """Let this many simulated seconds pass."""
        await asyncio.sleep(seconds / self.rate)

    async def within(self, seconds: float, awaited: Awaitable[Result]) -> Result:
        """Wait for something, at most this many simulated seconds.

        Raises:
            TimeoutError: It did not happen in time.
        """
        return await asyncio.wait_for(awaited, seconds / self.rate)

    def elapsed(self, since: float) -> int:
        """Whole simulated seconds since a ``time.monotonic()`` reading."""
        return round((time.monotonic() - since) * self.rate)


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@lru_cache(maxsize=4096)
def rfc2822(second: int) -> str:
    """A time as Twilio writes it, from whole seconds since 1970."""
    at = time.gmtime(second)
    return (
        f"{DAYS[at.tm_wday]}, {at.tm_mday:02} {MONTHS[at.tm_mon - 1]} {at.tm_year} "
        f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
    )


def now_rfc2822() -> str:
    """The present moment as Twilio writes it."""
    return rfc2822(int(time.time()))
