"""How long to wait before another attempt: exponential, with full jitter.

https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ says why the jitter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from shared.services import Services

_FIRST_DELAY: Final = timedelta(seconds=2)
_MAX_DELAY: Final = timedelta(minutes=15)


def backoff_delay(n: int, chance: float, retry_after: float | None = None) -> timedelta:
    """Return the wait after attempt `n`; `chance` is a random number from 0 to 1.

    `retry_after` is what Twilio asks for, in seconds; the jitter is added to it.
    """
    jitter = min(_MAX_DELAY, _FIRST_DELAY * (1 << min(n, 20))) * chance
    return timedelta(seconds=retry_after or 0) + jitter


def random_fraction(app: Services) -> float:
    """Return a random number from 0 to 1, 1 excluded."""
    return (app.random() % 2**32) / 2**32
