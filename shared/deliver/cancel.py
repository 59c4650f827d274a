"""Canceling takes the claim: a cancel and a send compete for one row, and one of them wins."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from shared.errors import OverError
from shared.jobs.events import Claim, Reported
from shared.log import log
from shared.provider import statuses

if TYPE_CHECKING:
    from shared.jobs.fold import Delivery, Entry
    from shared.kinds import Kind
    from shared.services import Services

_NOT_SENT: Final = frozenset({"scheduled", "accepted", "parked"})
_UNCLEAR: Final = frozenset({"delivering", "in_doubt"})
_BUSY: Final = "it is being sent at this moment; ask again shortly"


async def cancel_entry(
    app: Services, entry: Entry, index: int | None, *, at_twilio: bool = True
) -> Entry:
    """Cancel recipient `index` of an entry, or all of them, and return the entry after that.

    What Twilio already has is hung up or canceled there, unless `at_twilio` is false. Where all of
    it is canceled already, nothing is done.

    Raises:
        OverError: nothing of it can be stopped any more, or not at this very moment.
        ProviderUnavailableError: Twilio had to be asked and did not answer.
    """
    concerned = [d for d in entry.deliveries if index in (None, d.index)]
    is_stopped = bool(concerned) and all(map(_is_canceled, concerned))
    if unsent := tuple(d.index for d in concerned if d.state in _NOT_SENT):
        if entry.unsettled:
            raise OverError(_BUSY)
        if entry.claim and entry.claim.by == "send" and not entry.answered:
            raise OverError("it was parked while Twilio may have taken it; a retry finds out")
        is_stopped = await _take_claim(app, entry, unsent)
    for delivery in concerned if at_twilio else ():
        is_stopped = await _stop_at_twilio(app, entry, delivery) or is_stopped
    if not is_stopped:
        raise OverError(_why_not(concerned))
    return await app.ledger.find(entry.id) or entry


async def cancel_unknown(app: Services, job_id: str) -> bool:
    """Cancel a job of a batch of which nothing is known yet; False where it can not be stopped.

    Its message may still come, from a request that is going on or is repeated later.
    """
    is_won = await _insert_claim(app, job_id, Claim(at=app.now(), n=1, by="cancel"))
    if not is_won and (entry := await app.ledger.find(job_id)) is not None:
        with suppress(OverError):
            await cancel_entry(app, entry, None, at_twilio=False)
            return True
    return is_won


def _is_canceled(delivery: Delivery) -> bool:
    return "canceled" in (delivery.state, delivery.twilio_status)


async def _take_claim(app: Services, entry: Entry, indexes: tuple[int, ...]) -> bool:
    n = entry.claim.n + 1 if entry.claim else 1
    claim = Claim(at=app.now(), n=n, by="cancel", indexes=indexes)
    return await _insert_claim(app, entry.id, claim)


async def _insert_claim(app: Services, job_id: str, claim: Claim) -> bool:
    is_won = await app.ledger.record(job_id, claim) or await _is_mine(app, job_id, claim)
    log("cancel", id=job_id, won=is_won)
    return is_won


async def _is_mine(app: Services, job_id: str, claim: Claim) -> bool:
    """Tell whether the storage library repeated an insert and conflicted with itself."""
    entry = await app.ledger.find(job_id)
    return entry is not None and claim in entry.events


async def _stop_at_twilio(app: Services, entry: Entry, delivery: Delivery) -> bool:
    """Hang up, or cancel what Twilio itself holds; return False where it is too late for that."""
    if delivery.sid is None or statuses.is_final(delivery.twilio_status):
        return False
    kind: Kind = "call" if entry.kind == "call" else "message"
    record = await app.provider.stop(kind, delivery.sid)
    if record is None:
        return False
    index = delivery.index if len(entry.deliveries) > 1 else None
    report = Reported(at=app.now(), status=record.status, sid=record.sid, index=index)
    await app.ledger.record(entry.id, report)
    return True


def _why_not(deliveries: list[Delivery]) -> str:
    if any(delivery.state in _UNCLEAR or delivery.state in _NOT_SENT for delivery in deliveries):
        return _BUSY
    return "it is over already"
