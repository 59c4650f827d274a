"""Sweeping: putting back what is pending and for which no message is on its way any more.

A queue message can be lost: a queue that is cleared, a poison copy that nobody saw. The ledger is
the outbox, so a timer looks at what was accepted, or sent late, a quarter of an hour and twelve
hours ago, and puts back whatever is pending. A second message of a job does no harm.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from shared.accept.outbox import put_back
from shared.jobs.job import VERSION, Job
from shared.ledger import schema
from shared.ledger.marks import Marks
from shared.log import log

if TYPE_CHECKING:
    from shared.jobs.events import Accepted
    from shared.jobs.fold import Entry
    from shared.services import Services

SWEEP_AFTER: Final = (timedelta(minutes=15), timedelta(hours=12))
# How far back the first run of all looks.
_FIRST_WINDOW: Final = timedelta(hours=1)
# A job to which something happened this recently is on its way.
_QUIET: Final = timedelta(minutes=10)


async def sweep(app: Services) -> int:
    """Put back the jobs of which nothing would be heard again; return how many.

    A run that is interrupted is made up for by the next one.
    """
    count = 0
    for after in SWEEP_AFTER:
        marks = Marks(app.ledger.table, schema.SWEPT.place(str(after // timedelta(minutes=1))))
        end = app.now() - after
        begin = await marks.newest() or end - _FIRST_WINDOW
        async for entry in app.ledger.owners.sent_between(begin, end):
            if entry.accepted is not None and await _is_orphan(app, entry):
                count += 1
                await _put_back(app, entry, entry.accepted)
        await marks.set(end)
        await marks.forget(end)
    return count


async def _is_orphan(app: Services, entry: Entry) -> bool:
    now = app.now()
    if not entry.pending or entry.events[-1].at > now - _QUIET:
        return False
    return not await app.ledger.schedule.has(entry, now)


async def _put_back(app: Services, entry: Entry, accepted: Accepted) -> None:
    """Put a job where it waits until its first recipient is due."""
    waiting = [each.not_before or app.now() for each in entry.deliveries if each.pending]
    due = max(accepted.send_at or app.now(), min(waiting))
    job = Job(v=VERSION, job=entry.id, accepted=accepted, retries=entry.retries)
    await put_back(app, job, due)
    log("put_back", id=entry.id)
