"""What accepting, delivering and inbound take from the app.

`shared.app.App` is the real one; each test builds one with storage and Twilio in memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from shared.ledger.ledger import Ledger
    from shared.provider.provider import Provider
    from shared.settings import Settings
    from shared.storage.queues import Queues


class Services(Protocol):
    """Settings, storage, Twilio, the time, and randomness."""

    @property
    def settings(self) -> Settings:
        """The settings; raises SettingsError while they are wrong."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What is known of every message and call."""
        ...

    @property
    def queues(self) -> Queues:
        """The queues."""
        ...

    @property
    def provider(self) -> Provider:
        """Twilio."""
        ...

    def now(self) -> datetime:
        """Return the time, with its zone."""
        ...

    def random(self) -> int:
        """Return 60 random bits, for ids, tokens and jitter."""
        ...
