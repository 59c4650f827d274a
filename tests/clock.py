"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from typing import Final

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


class Clock:
    """Call it for the time; `move` is the only way in which time passes."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> datetime:
        """Let time pass, in the words of timedelta; gives the new time."""
        self.at += timedelta(**by)
        return self.at
