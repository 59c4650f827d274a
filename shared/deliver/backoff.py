"""How long to wait before another attempt: exponential, with full jitter.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ says why the jitter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_FIRST: Final = timedelta(seconds=2)
_LONGEST: Final = timedelta(minutes=15)


def backoff_delay(n: int, chance: float, retry_after: float | None = None) -> timedelta:
    """The wait after attempt `n`; `chance` is a random number from 0 to 1.

    `retry_after` is Twilio's own word in seconds; the jitter comes on top of it.
    """
    jitter = min(_LONGEST, _FIRST * (1 << min(n, 20))) * chance
    return timedelta(seconds=retry_after or 0) + jitter
