"""Every partition of the table on one page: what is in it, who writes it and who deletes it.

The modules take the names of partitions and keys from here; `docs/table.md` is made from it.

A partition takes about 2,000 rows a second, so whatever grows with the traffic is spread over many.
Partitions named `~…` sort after those of the days, and keys named `~…` after those of the jobs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One kind of rows.

    `name` is what the names of its partitions begin with, or its keys where it is `beside` rows of
    another kind, in their partitions. The other fields are for the reader.
    """

    title: str
    name: str
    partition: str
    key: str
    value: str
    written_by: str
    deleted_by: str
    erasing: str
    beside: bool = False

    @property
    def first(self) -> str:
        """What every partition of this kind begins with."""
        return f"{self.name}-"

    def place(self, *parts: str) -> str:
        """Return the partition, or the key of a row beside others, that `parts` name."""
        return ("." if self.beside else "-").join((self.name, *parts))


EVENTS: Final = Rows(
    title="events",
    name="",
    partition="`{day}{shard}`, the first five characters of the id",
    key="`{rest of the id}.{event}`",
    value="the event as JSON",
    written_by="`Ledger.record`: accepting, delivering, canceling, reports",
    deleted_by="`forget`, with the whole job, once it is over and old",
    erasing="replaced: who and what goes, what happened stays",
    beside=True,
)
RECIPIENTS: Final = Rows(
    title="index by recipient",
    name="~to",
    partition="`{day}{shard}` of the job",
    key="`~to.{digest of the number}.{rest of the id}-{index}`",
    value="nothing",
    written_by="`Ledger.record`, in the transaction of `accepted`",
    deleted_by="`forget`, with the job",
    erasing="deleted, after all that it leads to",
    beside=True,
)
SIDS: Final = Rows(
    title="index by SID",
    name="~sid",
    partition="`{day}{shard}` of the job",
    key="`~sid.{sid}.{rest of the id}-{index}`",
    value="nothing",
    written_by="`Ledger.record`, in the transaction of `answer.N` or `doubt.N`",
    deleted_by="`forget`, with the job",
    erasing="stays: it says nothing of anybody",
    beside=True,
)
UNREADABLE: Final = Rows(
    title="index of unreadable texts",
    name="~raw",
    partition="`{day}{shard}` of the job",
    key="`~raw.{rest of the id}-00`",
    value="nothing",
    written_by="`Ledger.record`, in the transaction of `parked`",
    deleted_by="`forget`, with the job",
    erasing="read to find texts that mention the number; stays",
    beside=True,
)
BATCHES: Final = Rows(
    title="batches",
    name="~batch",
    partition="`~batch-{day}`",
    key="`{rest of the id}`; `….kept` once all its jobs are kept",
    value="`Batch` as JSON; nothing",
    written_by="accepting a batch",
    deleted_by="`forget`, after the last of its jobs",
    erasing="replaced: its metadata loses the number",
)
CAPS: Final = Rows(
    title="places under the daily caps",
    name="~cap",
    partition="`~cap-{date}-{country or all}`; `~cap-{date}-to-{first digit of digest}`",
    key="where the block begins; `{digest of the number}.{place}`",
    value="how many places the block has; `{job}-{index}`",
    written_by="the guards of a send, where a cap is set",
    deleted_by="`forget`",
    erasing="stays: the number is a keyed digest",
)
MARKS: Final = Rows(
    title="what came to us",
    name="~came",
    partition="`~came-{first two digits of digest of the person}`",
    key="`{digest of event and SID}`",
    value="when it came, and under which note",
    written_by="publishing an inbound event",
    deleted_by="`forget`",
    erasing="stays: it says nothing of anybody",
)
INBOUND: Final = Rows(
    title="what a person texted and said",
    name="~from",
    partition="that of its mark",
    key="`~from.{digest of the person}.{time, newest first}.{key of the mark}`",
    value="the event as JSON, as it stood on the queue `inbound`",
    written_by="the transaction of the mark",
    deleted_by="`forget`",
    erasing="deleted",
    beside=True,
)
INBOUND_DAYS: Final = Rows(
    title="what came on a day",
    name="~on",
    partition="that of its mark",
    key="`~on.{day}.{key of the mark}`",
    value="the key of what was texted or said",
    written_by="the transaction of the mark",
    deleted_by="`forget`, which finds the other two by it",
    erasing="stays: it says nothing of anybody",
    beside=True,
)
INBOUND_TIMES: Final = Rows(
    title="what came, by time",
    name="~at",
    partition="`~inbound`",
    key="`~at.{time, newest first}{shard and random part of the id}`",
    value="the kind of event, the key of what was texted or said",
    written_by="the transaction of the note",
    deleted_by="`forget`",
    erasing="deleted; where the event came before, it stays and leads nowhere",
    beside=True,
)
NOTES: Final = Rows(
    title="what is being published",
    name="~inbound",
    partition="`~inbound`",
    key="`{name}`",
    value="when it came, a token, the event as JSON",
    written_by="publishing an inbound event",
    deleted_by="the same, or `watch` where its worker died",
    erasing="counted as being sent; gone within minutes",
)
KEYS: Final = Rows(
    title="idempotency keys",
    name="~key",
    partition="`~key-{first two digits of digest}`",
    key="`{digest of the key}`; `….answer`",
    value="`IdempotencyRecord` as JSON; the answer that was given",
    written_by="accepting, retrying",
    deleted_by="`forget`, before the job",
    erasing="the record stays, so that a repeat sends nothing; the answer goes",
)
LATE: Final = Rows(
    title="what was sent late",
    name="~late",
    partition="`~late-{minute}`",
    key="`{job}`",
    value="nothing",
    written_by="an attempt that begins long after the job was accepted",
    deleted_by="`forget`",
    erasing="stays: it says nothing of anybody",
)
LATE_CALLS: Final = Rows(
    title="batches of calls that were sent late",
    name="~latecalls",
    partition="`~latecalls-{hour}`",
    key="`{batch}`",
    value="nothing",
    written_by="an attempt at a batch's calls that begins long after it was accepted",
    deleted_by="`forget`",
    erasing="stays: it says nothing of anybody",
)
OPT_OUTS: Final = Rows(
    title="opt-outs",
    name="~opt-out",
    partition="`~opt-out`",
    key="`{time, newest first}.{sid}.{sender}`",
    value="`OptOut` as JSON, its number a keyed digest",
    written_by="texts that say stop or start, and Twilio's error 21610",
    deleted_by="nobody",
    erasing="stays: forgetting it would text them again",
)
OWNERS: Final = Rows(
    title="owners of SIDs",
    name="~owner",
    partition="`~owner-{minute}`",
    key="`{sid}`",
    value="`{job}-{index}`",
    written_by="settling a doubt by adopting a SID",
    deleted_by="`forget`",
    erasing="stays: it says nothing of anybody",
)
RECONCILED: Final = Rows(
    title="how far statuses were reconciled",
    name="~reconciled",
    partition="`~reconciled`",
    key="`{time, newest first}`",
    value="the time",
    written_by="`reconcile`",
    deleted_by="`forget`, but for the newest",
    erasing="stays: it says nothing of anybody",
)
SWEPT: Final = Rows(
    title="how far orphans were looked for",
    name="~swept",
    partition="`~swept-{minutes after the acceptance}`",
    key="`{time, newest first}`",
    value="the time",
    written_by="`reconcile`",
    deleted_by="the same, but for the newest",
    erasing="stays: it says nothing of anybody",
)
SCHEDULE: Final = Rows(
    title="what is due later",
    name="~due",
    partition="`~due-{minute}-{shard of the job}`",
    key="`{second and microsecond}.{job}`",
    value="the queue's name and the job as JSON",
    written_by="accepting, delivering and retrying what is due later than two minutes",
    deleted_by="`release_scheduled`, after the job is on its queue",
    erasing="replaced: who and what goes",
)
ALERTS: Final = Rows(
    title="events of alerts",
    name="~alert",
    partition="`~alert-{day}`",
    key="`{rest of the id}.{event}`; `….z.{event}` for what decides nothing",
    value="the event as JSON",
    written_by="raising, driving and answering an alert",
    deleted_by="`forget`, with the whole alert, once it is over and old",
    erasing="replaced: the number goes",
)
ALERT_KEYS: Final = Rows(
    title="alerts by key",
    name="~alertkey",
    partition="`~alertkey-{first two digits of digest}`",
    key="`{digest of the key}.{how many there were, newest first}`",
    value="the alert's id",
    written_by="raising an alert that has a key",
    deleted_by="`forget`, after the alert",
    erasing="stays: it says nothing of anybody",
)
ALERT_PEOPLE: Final = Rows(
    title="alerts by person",
    name="~alertperson",
    partition="`~alertperson-{first two digits of digest}`",
    key="`{digest of the address}.{id}`; `{digest}-{digest of ids}` for a question that was asked",
    value="the alert's id",
    written_by="driving an alert, before anybody is notified; asking which alert somebody means",
    deleted_by="`forget`, after the alert",
    erasing="deleted",
)
ALERT_NUMBERS: Final = Rows(
    title="numbers of alerts",
    name="~alertnumber",
    partition="`~alertnumber`",
    key="the number, highest first",
    value="the alert's id",
    written_by="raising an alert",
    deleted_by="`forget`, after the alert, but for the highest",
    erasing="stays: it says nothing of anybody",
)
POLICIES: Final = Rows(
    title="policies",
    name="~policy",
    partition="`~policy`",
    key="`{name}:{version, newest first}`",
    value="`Policy` as JSON; nothing once it was deleted",
    written_by="putting and deleting a policy",
    deleted_by="nobody",
    erasing="replaced: the number goes",
)

# What sorts after the days' partitions, and in them after the events.
PAST_DAYS: Final = "~"
PAST_EVENTS: Final = "~"
EVERYTHING: Final = (
    EVENTS, RECIPIENTS, SIDS, UNREADABLE, BATCHES, CAPS, MARKS, INBOUND, INBOUND_DAYS,
    INBOUND_TIMES, NOTES, KEYS, LATE, LATE_CALLS, OPT_OUTS, OWNERS, RECONCILED, SWEPT, SCHEDULE,
    ALERTS, ALERT_KEYS, ALERT_PEOPLE, ALERT_NUMBERS, POLICIES,
)  # fmt: skip
