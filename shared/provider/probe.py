"""Asking Twilio whether it answers, with a question that costs nothing and changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.errors import ProviderUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.provider.provider import Provider

# A message that nobody has: that there is none is answer enough.
_NO_SUCH_MESSAGE: Final = "SM" + "0" * 32
_KEPT: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class Probed:
    """Whether Twilio answered when it was asked."""

    at: datetime
    answers: bool


class Probe:
    """Ask at most once a minute, whoever looks; `patience` is how many seconds Twilio may take."""

    def __init__(
        self, provider: Provider, now: Callable[[], datetime], *, patience: float = 2.5
    ) -> None:
        self._provider = provider
        self._now = now
        self._patience = patience
        self._last: Probed | None = None
        self._asking = asyncio.Lock()

    async def __call__(self) -> Probed:
        """Return what Twilio did when it was last asked, within the minute."""
        async with self._asking:
            at = self._now()
            if self._last is None or at - self._last.at >= _KEPT:
                self._last = Probed(at, await self._ask())
            return self._last

    async def _ask(self) -> bool:
        try:
            async with asyncio.timeout(self._patience):
                await self._provider.fetch("message", _NO_SUCH_MESSAGE)
        except (ProviderUnavailableError, TimeoutError):
            return False
        return True
