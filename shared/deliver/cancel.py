"""Cancelling takes the claim: a cancel and a send compete for one row, and one of them wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.carrier import statuses
from shared.errors import OverError
from shared.ledger.events import Claim, Reported
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from shared.carrier.carrier import Carrier, Kind
    from shared.ledger.fold import Delivery, Entry
    from shared.ledger.ledger import Ledger

_NOT_SENT = frozenset({"scheduled", "accepted", "parked"})
_UNCLEAR = frozenset({"delivering", "in_doubt"})
_BUSY = "it is being sent at this moment; ask again shortly"


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """The step that stops what has not left, and what Twilio can still stop."""

    ledger: Ledger
    carrier: Carrier
    now: Callable[[], datetime]

    async def __call__(self, entry: Entry, index: int | None, *, at_twilio: bool = True) -> Entry:
        """The entry after cancelling recipient `index` of it, or all of them.

        What Twilio has already is hung up or canceled there, but where `at_twilio` is false.

        Raises:
            OverError: nothing of it can be stopped any more, or not at this very moment.
            CarrierUnavailableError: Twilio had to be asked and gave no answer.
        """
        concerned = [d for d in entry.deliveries if index in (None, d.index)]
        stopped = False
        if unsent := tuple(d.index for d in concerned if d.state in _NOT_SENT):
            if entry.unsettled:
                raise OverError(_BUSY)
            if entry.claim and entry.claim.by == "send" and not entry.answered:
                raise OverError("it was parked while Twilio may have taken it; a retry finds out")
            stopped = await self._take_claim(entry, unsent)
        for delivery in concerned if at_twilio else ():
            stopped = await self._stop_at_twilio(entry, delivery) or stopped
        if not stopped:
            raise OverError(_why_not(concerned))
        return await self.ledger.find(entry.id) or entry

    async def _take_claim(self, entry: Entry, indexes: tuple[int, ...]) -> bool:
        n = entry.claim.n + 1 if entry.claim else 1
        claim = Claim(at=self.now(), n=n, by="cancel", indexes=indexes)
        won = await self.ledger.record(entry.id, claim) or await self._is_mine(entry.id, claim)
        log("cancel", id=entry.id, won=won)
        return won

    async def _is_mine(self, entry_id: str, claim: Claim) -> bool:
        """Whether the storage library repeated an insert whose answer was lost, and met itself."""
        known = await self.ledger.find(entry_id)
        return known is not None and claim in known.events

    async def _stop_at_twilio(self, entry: Entry, delivery: Delivery) -> bool:
        """Hang up, or cancel what Twilio itself holds; False where it is too late for that."""
        if delivery.sid is None or statuses.is_final(delivery.twilio_status):
            return False
        kind: Kind = "call" if entry.kind == "call" else "message"
        found = await self.carrier.stop(kind, delivery.sid)
        if found is None:
            return False
        index = delivery.index if len(entry.deliveries) > 1 else None
        report = Reported(at=self.now(), status=found.status, sid=found.sid, index=index)
        await self.ledger.record(entry.id, report)
        return True


def _why_not(deliveries: list[Delivery]) -> str:
    if any(delivery.state in _UNCLEAR or delivery.state in _NOT_SENT for delivery in deliveries):
        return _BUSY
    return "it is over already"
