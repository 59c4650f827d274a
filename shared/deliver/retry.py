"""An operator's retry of what was parked or refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from shared.accept.outbox import put
from shared.errors import OverError
from shared.jobs.events import Retried
from shared.jobs.job import VERSION, Job
from shared.ledger.index import ERASED
from shared.log import log

if TYPE_CHECKING:
    from shared.jobs.fold import Entry
    from shared.services import Services

_RETRIABLE: Final = frozenset({"parked", "refused"})
_SAFETY_NET_DELAY: Final = timedelta(seconds=30)


async def retry_entry(
    app: Services, entry: Entry, index: int | None, key: str | None = None
) -> Entry:
    """Open another attempt for recipient `index`, or for all that failed; return the entry then.

    Doubt is settled before that attempt like before any other. `key` is the row of the idempotency
    key of the request: with one key a job is retried once, and a repeat only makes sure that it is
    on the queue.

    Raises:
        OverError: nothing of it was parked or refused, or it cannot be read at all.
    """
    if entry.accepted is None:
        raise OverError("it could not be read, so there is nothing to send")
    known_retries = entry.retries
    indexes = _failed(entry, index, known_retries)
    is_recorded = _has_retry(entry, key)
    if not indexes and not is_recorded:
        raise OverError("only what was parked or refused can be sent again")
    job = Job(
        v=VERSION,
        job=entry.id,
        accepted=entry.accepted,
        again=True,
        retries=known_retries + 1,
    )
    # The delayed message is there in case this worker dies between the next two steps; alone, it
    # finds nothing to do.
    await put(app, job, app.now() + _SAFETY_NET_DELAY)
    # Another operator's retry that takes the row may be for other recipients.
    while indexes and not is_recorded:
        after = entry.claim.n if entry.claim else 0
        k = entry.retries + 1
        retried = Retried(at=app.now(), k=k, after=after, indexes=indexes, key=key)
        is_recorded = await app.ledger.record(entry.id, retried)
        entry = await app.ledger.find(entry.id) or entry
        indexes = _failed(entry, index, known_retries)
    await put(app, replace(job, retries=entry.retries), app.now())
    log("retried", id=entry.id, k=entry.retries)
    return entry


def _failed(entry: Entry, index: int | None, known_retries: int) -> tuple[int, ...]:
    """Return the recipients that failed, without those that newer retries than known reopened."""
    newer = [e for e in entry.events if isinstance(e, Retried) and e.k > known_retries]
    reopened = {each for retried in newer for each in retried.indexes or ()}
    return tuple(
        d.index
        for d in entry.deliveries
        if index in (None, d.index)
        and d.state in _RETRIABLE
        and d.index not in reopened
        and d.to != ERASED
    )


def _has_retry(entry: Entry, key: str | None) -> bool:
    return key is not None and any(
        isinstance(event, Retried) and event.key == key for event in entry.events
    )
