"""What the API answers, as types; `document.py` makes schemas of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from shared.jobs.fold import State
from shared.kinds import Lane

Id = Annotated[str, Meta(pattern="^[0-9a-hjkmnp-tv-z]{22}(-[0-9]{1,2})?$")]


class FieldProblem(msgspec.Struct, omit_defaults=True):
    """One thing that is wrong with a request, and where; `line` in a batch's recipients."""

    path: Annotated[str, Meta(examples=["$.to"])]
    code: Annotated[str, Meta(examples=["invalid_number"])]
    message: str
    line: int | None = None


class ProblemDetails(msgspec.Struct, rename={"kind": "type"}, omit_defaults=True):
    """What went wrong (RFC 9457)."""

    kind: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


class Links(msgspec.Struct, rename={"own": "self"}):
    """Where to go from here."""

    own: str


class Receipt(msgspec.Struct, omit_defaults=True):
    """A message or call was accepted; `segments` is what a text costs, in SMS segments."""

    id: Id
    kind: Literal["message", "call"]
    state: Literal["accepted", "scheduled"]
    to: str
    links: Links
    segments: int | None = None


class Receipts(msgspec.Struct):
    """A list of recipients was accepted."""

    id: Id
    count: int
    deliveries: list[Receipt]
    links: Links


class EntryError(msgspec.Struct):
    """Why it did not arrive: Twilio's code or our own, and what that means."""

    code: str
    message: str


class Item(msgspec.Struct, rename={"sender": "from"}, omit_defaults=True):
    """What the ledger knows of one recipient's message or call."""

    id: Id
    kind: Literal["message", "call", "unreadable"]
    state: State
    to: str | None
    sender: str | None
    sid: str | None
    twilio_status: str | None
    error: EntryError | None
    attempts: int
    accepted_at: datetime
    updated_at: datetime
    metadata: dict[str, str]
    links: Links
    raw: str | None = None


class Story(Item, rename={"sender": "from"}, kw_only=True):
    """The same with its events, each with fields of its own beside its name and time."""

    events: list[dict[str, Any]]


class Job(msgspec.Struct):
    """What became of a list of recipients."""

    id: Id
    kind: Literal["message", "call"]
    count: int
    deliveries: list[Item]
    links: Links


class Page(msgspec.Struct):
    """Entries, newest first; `next` is the cursor of the page after this one, null on the last.

    A page looks at so many entries and no more, so one that filters have thinned out can be
    short, even empty, and yet have a `next`.
    """

    items: list[Item]
    next: str | None


class Duplicate(msgspec.Struct):
    """A recipient that stood in the batch before."""

    line: int
    to: str


class Skipped(msgspec.Struct):
    """A recipient that was left out."""

    line: int
    code: str
    message: str


class BatchReceipt(msgspec.Struct, omit_defaults=True):
    """A batch was accepted; `segments` is what all its texts cost, in SMS segments."""

    id: Id
    count: int
    duplicates: list[Duplicate]
    skipped: list[Skipped]
    links: Links
    segments: int | None = None


class BatchItem(msgspec.Struct, omit_defaults=True):
    """A batch as it was accepted."""

    id: Id
    at: datetime
    kind: Literal["message", "call"]
    lane: Lane
    count: int
    jobs: int
    duplicates: int
    skipped: int
    links: Links
    send_at: datetime | None = None
    metadata: dict[str, str] | None = None


class BatchPage(msgspec.Struct):
    """The newest batches, newest first."""

    items: list[BatchItem]
    next: str | None


class Failure(msgspec.Struct):
    """A recipient whom the batch did not reach."""

    id: Id
    to: str | None
    state: State
    error: EntryError | None


class BatchProgress(msgspec.Struct):
    """How far a batch is; `rate` is in recipients per second."""

    id: Id
    kind: Literal["message", "call"]
    lane: Lane
    count: int
    duplicates: int
    skipped: int
    accepted_at: datetime
    send_at: datetime | None
    metadata: dict[str, str]
    states: dict[str, int]
    twilio_statuses: dict[str, int]
    failures: list[Failure]
    rate: float | None
    estimated_end: datetime | None
    links: Links


class OptOut(msgspec.Struct):
    """What a person last said to one of our senders."""

    sender: str
    says: Literal["stop", "start"]
    at: datetime


class InboundEvent(msgspec.Struct):
    """What a person texted or said, with every other field of its event."""

    event: str
    sid: str
    at: datetime
    to: str


class PersonPage(msgspec.Struct):
    """What is stored about a person, newest first."""

    items: list[Item]
    inbound: list[InboundEvent]
    opt_outs: list[OptOut]
    next: str | None


class Erasure(msgspec.Struct):
    """What erasing did; repeat with `start` where `next` is not null."""

    rows: int
    canceled: int
    being_sent: int
    next: str | None


class Minute(msgspec.Struct):
    """One minute of the last hour; `seconds` are from acceptance to Twilio's SID."""

    at: datetime
    accepted: int
    handed_over: int
    seconds: dict[str, float] | None


class FailureGroup(msgspec.Struct):
    """What failed for one reason; `newest` is an entry's id."""

    code: str
    count: int
    message: str
    kind: str
    newest: str


class QueueState(msgspec.Struct):
    """How long a queue is, and how old what it gives next."""

    length: int
    oldest_seconds: int | None


class TwilioState(msgspec.Struct):
    """Whether Twilio answered, when, and how that is known."""

    answers: bool
    at: datetime
    code: str | None
    by: Literal["sending", "asking"]


class Overview(msgspec.Struct):
    """The last hour; `queues` are null where they do not answer."""

    since: datetime
    until: datetime
    complete_since: datetime
    truncated: bool
    looked_at: int
    states: dict[str, int]
    twilio_statuses: dict[str, int]
    minutes: list[Minute]
    failures: list[FailureGroup]
    queues: dict[str, QueueState] | None
    twilio: TwilioState


class Health(msgspec.Struct):
    """Whether the app can do its work."""

    status: Literal["usable", "not usable"]
    checks: dict[str, str]


class Preview(msgspec.Struct):
    """The TwiML that the steps are."""

    twiml: str


class Token(msgspec.Struct):
    """An access token for Twilio's Voice SDKs."""

    token: str
    identity: str
    expires_at: datetime
