"""Status to the end: Twilio is asked about what it has not reported the end of.

Twilio's own advice is to ask after twelve hours. A timer takes up where the last run's mark is,
looks at what was sent in each hour since, and marks each hour as it is done, so that history is
never scanned and an interrupted run loses nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.carrier import statuses
from shared.errors import CarrierUnavailableError
from shared.ledger.events import Reported
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.carrier.carrier import Carrier, Kind
    from shared.ledger.fold import Delivery, Entry
    from shared.ledger.ledger import Ledger
    from shared.settings import Settings

_STRETCH: Final = timedelta(hours=1)
_AT_ONCE: Final = 20


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """The step that asks Twilio about entries without a final status."""

    settings: Settings
    ledger: Ledger
    carrier: Carrier
    now: Callable[[], datetime]

    async def __call__(self) -> int:
        """How many reports were learned; stops early, and quietly, where Twilio is away."""
        end = self.now() - timedelta(seconds=self.settings.status_poll_after_seconds)
        begin = await self.ledger.marks.newest() or end - _STRETCH
        learned = 0
        try:
            while begin < end:
                until = min(begin + _STRETCH, end)
                learned += await self._stretch(begin, until)
                await self.ledger.marks.set(until)
                begin = until
        except CarrierUnavailableError:
            log("reconcile_interrupted", at=begin)
        log("reconciled", learned=learned)
        return learned

    async def _stretch(self, begin: datetime, until: datetime) -> int:
        places = asyncio.Semaphore(_AT_ONCE)

        async def ask(entry: Entry, delivery: Delivery) -> bool:
            async with places:
                return await self._ask(entry, delivery)

        learned = 0
        async for entry in self.ledger.owners.sent_between(begin, until):
            open_ends = [
                ask(entry, each)
                for each in entry.deliveries
                if each.sid and not statuses.is_final(each.twilio_status)
            ]
            learned += sum(await asyncio.gather(*open_ends))
        return learned

    async def _ask(self, entry: Entry, delivery: Delivery) -> bool:
        """Whether Twilio knows more of a delivery than we did; it is noted like a callback."""
        kind: Kind = "call" if entry.kind == "call" else "message"
        found = await self.carrier.fetch(kind, delivery.sid or "")
        known = statuses.rank(delivery.twilio_status or "")
        if found is None or statuses.rank(found.status) <= known:
            return False
        fields = {"CallbackSource": "asked"}
        if found.error_code:
            fields["ErrorCode"] = found.error_code
        index = delivery.index if len(entry.deliveries) > 1 else None
        report = Reported(
            at=self.now(), status=found.status, sid=found.sid, index=index, fields=fields
        )
        return await self.ledger.record(entry.id, report)
