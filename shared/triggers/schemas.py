"""What the API answers: handlers build these structs, and `openapi` makes its schemas of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from shared.jobs.fold import State
from shared.jobs.results import CallResult
from shared.kinds import Kind, Lane
from shared.ledger.overview import FailureGroup, Minute

Id = Annotated[
    str,
    Meta(
        pattern="^[0-9a-hjkmnp-tv-z]{22}(-[0-9]{1,2})?$",
        description="An id of ours; one recipient of several has `-` and its number behind it.",
        examples=["zbpc8k2v4m1x7q0r5t9w3y"],
    ),
]
Address = Annotated[
    str,
    Meta(
        description="A number in E.164, or with its channel: `whatsapp:+14155552671`.",
        examples=["+14155552671"],
    ),
]
TwilioStatus = Annotated[
    str,
    Meta(description="Twilio's own status, such as `delivered`; null before Twilio has it."),
]
Sid = Annotated[
    str, Meta(description="Twilio's SID (`SM…`, `MM…` or `CA…`); null before Twilio has it.")
]
AcceptedAt = Annotated[datetime, Meta(description="When the request was accepted (UTC).")]
Metadata = Annotated[dict[str, str], Meta(description="The request's `metadata`, echoed back.")]
KindOfEntry = Annotated[
    Literal["message", "call", "unreadable"],
    Meta(description="`unreadable` is a queue message that is not a request."),
]
KindField = Annotated[
    Kind, Meta(description="Whether it is a message or a call.", examples=["message"])
]
StateField = Annotated[State, Meta(description="Where it is on its way to Twilio.")]
LaneField = Annotated[
    Lane, Meta(description="`now` is sent first; `bulk` gives way to it. Batches default to bulk.")
]
Line = Annotated[
    int, Meta(description="The line of a CSV (its header is line 1), or the place in a list.")
]
Segments = Annotated[
    int,
    Meta(
        description="SMS segments that the text takes; absent where it is not sent as SMS.",
        examples=[1],
    ),
]
StateCounts = Annotated[dict[str, int], Meta(description="How many recipients are in each state.")]
StatusCounts = Annotated[
    dict[str, int], Meta(description="How many recipients have each of Twilio's statuses.")
]


class FieldProblem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is wrong with a request."""

    path: Annotated[str, Meta(description="Where, as a JSON path.", examples=["$.to"])]
    code: Annotated[
        str, Meta(description="What kind of problem, for programs.", examples=["invalid_number"])
    ]
    message: Annotated[str, Meta(description="What is wrong and what is right, for people.")]
    line: Line | None = None


class ProblemResponse(msgspec.Struct, frozen=True, rename={"kind": "type"}, omit_defaults=True):
    """What went wrong, as RFC 9457 describes it."""

    kind: Annotated[str, Meta(description="A URN that names the kind of problem.")]
    title: Annotated[str, Meta(description="The kind of problem in a few words.")]
    status: Annotated[int, Meta(description="The HTTP status.")]
    detail: Annotated[str, Meta(description="What happened to this request.")]
    errors: Annotated[
        list[FieldProblem], Meta(description="Every problem of the input, at once.")
    ] = []


class Links(msgspec.Struct, frozen=True, rename={"own": "self"}):
    """Where to go from here."""

    own: Annotated[
        str,
        Meta(
            description="The path of this resource.",
            examples=["/api/messages/zbpc8k2v4m1x7q0r5t9w3y"],
        ),
    ]


class AcceptedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message or call was accepted."""

    id: Id
    kind: KindField
    state: Annotated[
        Literal["accepted", "scheduled"], Meta(description="`scheduled` waits for its `send_at`.")
    ]
    to: Address
    links: Links
    segments: Segments | None = None


class AcceptedListResponse(msgspec.Struct, frozen=True):
    """A list of recipients was accepted."""

    id: Id
    count: Annotated[int, Meta(description="How many recipients there are.")]
    deliveries: Annotated[
        list[AcceptedResponse], Meta(description="One for each recipient, in order.")
    ]
    links: Links


class EntryError(msgspec.Struct, frozen=True):
    """Why it did not arrive."""

    code: Annotated[str, Meta(description="Twilio's error code, or one of ours.")]
    message: Annotated[str, Meta(description="What the code means.")]


class EntryResponse(msgspec.Struct, frozen=True, rename={"sender": "from"}, omit_defaults=True):
    """What is known of one recipient's message or call."""

    id: Id
    kind: KindOfEntry
    state: StateField
    to: Address | None
    sender: (
        Annotated[
            str, Meta(description="Who sends: a number, an address or a Messaging Service (`MG…`).")
        ]
        | None
    )
    sid: Sid | None
    twilio_status: TwilioStatus | None
    error: EntryError | None
    attempts: Annotated[int, Meta(description="How often Twilio was asked.")]
    accepted_at: AcceptedAt
    updated_at: Annotated[datetime, Meta(description="When the newest event was recorded (UTC).")]
    metadata: Metadata
    links: Links
    raw: Annotated[str, Meta(description="The text of an unreadable queue message.")] | None = None


_CONTENT: Final = "absent where there is none, and while `SHOW_CONTENT` is false."
Body = Annotated[str, Meta(description=f"The text of the message; {_CONTENT}")]
Say = Annotated[str, Meta(description=f"What the call says; {_CONTENT}")]
CallSteps = Annotated[list[Any], Meta(description=f"The steps of the call; {_CONTENT}")]


class EntryWithEventsResponse(
    EntryResponse, frozen=True, rename={"sender": "from"}, omit_defaults=True, kw_only=True
):
    """What is known of one recipient's message or call, with its text and its events."""

    events: Annotated[
        list[dict[str, Any]],
        Meta(
            description="What happened, in order. Each has `event`, `at` and fields of its own; "
            "`answer.N` has `result`: sent, rejected, retryable, not_created or unknown."
        ),
    ]
    body: Body | None = None
    say: Say | None = None
    steps: CallSteps | None = None
    results: (
        Annotated[
            list[CallResult],
            Meta(description="Calls only: what was pressed, said, recorded and dialled, in order."),
        ]
        | None
    ) = None


class JobResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a list of recipients."""

    id: Id
    kind: KindOfEntry
    count: Annotated[int, Meta(description="How many recipients there are.")]
    deliveries: Annotated[
        list[EntryResponse], Meta(description="One for each recipient, in order.")
    ]
    links: Links
    body: Body | None = None
    say: Say | None = None
    steps: CallSteps | None = None


class EntryListResponse(msgspec.Struct, frozen=True):
    """A page of entries, newest first.

    A page reads a bounded number of entries: it can be short, even empty, and still have a `next`.
    """

    items: Annotated[list[EntryResponse], Meta(description="Entries without their events.")]
    next: (
        Annotated[str, Meta(description="The `cursor` of the next page; null on the last one.")]
        | None
    )


class Duplicate(msgspec.Struct, frozen=True):
    """A recipient that is in the batch more than once; it is sent to once."""

    line: Line
    to: Address


class Skipped(msgspec.Struct, frozen=True, omit_defaults=True):
    """A recipient that was left out (`on_invalid: "skip"`)."""

    line: Line
    code: Annotated[str, Meta(description="What kind of problem, for programs.")]
    message: Annotated[str, Meta(description="What is wrong, for people.")]
    path: Annotated[str, Meta(description="Where, as a JSON path.")] | None = None


class BatchAcceptedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch was accepted."""

    id: Id
    count: Annotated[int, Meta(description="How many recipients it is sent to.")]
    duplicates: Annotated[list[Duplicate], Meta(description="Recipients named more than once.")]
    skipped: Annotated[list[Skipped], Meta(description="Recipients that were left out.")]
    links: Links
    segments: Segments | None = None
    assumed: Annotated[
        list[str], Meta(description="What was assumed about a CSV, such as its separator.")
    ] = []


class BatchResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch as it was accepted."""

    id: Id
    at: AcceptedAt
    kind: KindField
    lane: LaneField
    count: Annotated[int, Meta(description="How many recipients it is sent to.")]
    jobs: Annotated[int, Meta(description="How many queue messages carry it.")]
    duplicates: Annotated[int, Meta(description="How many recipients were named again.")]
    skipped: Annotated[int, Meta(description="How many recipients were left out.")]
    links: Links
    name: Annotated[str, Meta(description="What it was called.")] | None = None
    send_at: Annotated[datetime, Meta(description="When it is due.")] | None = None
    metadata: Metadata | None = None


class BatchListResponse(msgspec.Struct, frozen=True):
    """The newest batches, newest first."""

    items: Annotated[list[BatchResponse], Meta(description="The newest batches.")]
    next: Annotated[str, Meta(description="Always null: only the newest are listed.")] | None


class BatchFailure(msgspec.Struct, frozen=True):
    """A recipient that the batch did not reach."""

    id: Id
    to: Address | None
    state: StateField
    error: EntryError | None


class BatchProgressResponse(msgspec.Struct, frozen=True):
    """How far a batch is."""

    id: Id
    kind: KindField
    lane: LaneField
    count: Annotated[int, Meta(description="How many recipients it is sent to.")]
    duplicates: Annotated[int, Meta(description="How many recipients were named again.")]
    skipped: Annotated[int, Meta(description="How many recipients were left out.")]
    accepted_at: AcceptedAt
    send_at: Annotated[datetime, Meta(description="When it is due; null for at once.")] | None
    metadata: Metadata
    states: StateCounts
    twilio_statuses: StatusCounts
    failures: Annotated[list[BatchFailure], Meta(description="The first 20 failures.")]
    rate: Annotated[float, Meta(description="Recipients a second; null before any.")] | None
    estimated_end: (
        Annotated[
            datetime, Meta(description="When all is sent at this rate; null where it is over.")
        ]
        | None
    )
    links: Links


class QueueState(msgspec.Struct, frozen=True):
    """How long a queue is, and how old the message is that it gives next."""

    length: Annotated[int, Meta(description="How many messages it has, hidden ones included.")]
    oldest_seconds: (
        Annotated[
            int, Meta(description="Age of the next message in seconds; null where none is due.")
        ]
        | None
    )


class TwilioState(msgspec.Struct, frozen=True):
    """Whether Twilio answered, when, and how that is known."""

    answers: Annotated[bool, Meta(description="Whether Twilio answered.")]
    at: Annotated[datetime, Meta(description="When (UTC).")]
    code: Annotated[str, Meta(description="Its error code, if it answered with one.")] | None
    by: Annotated[
        Literal["sending", "asking"],
        Meta(
            description="Known from the newest send, or asked where that is over five minutes old."
        ),
    ]


class AccountState(msgspec.Struct, frozen=True):
    """Which account sends, so that nobody takes a simulator for real life, or the reverse."""

    simulator: Annotated[bool, Meta(description="Whether nothing real can happen.")]
    sid: Annotated[str, Meta(description="The Twilio account.")]
    sender: (
        Annotated[
            str,
            Meta(description="The default sender: a number or a Messaging Service; null for none."),
        ]
        | None
    )


class OverviewResponse(msgspec.Struct, frozen=True):
    """The last hour, the queues and Twilio."""

    since: Annotated[datetime, Meta(description="The beginning of the hour.")]
    until: Annotated[datetime, Meta(description="Its end: now.")]
    complete_since: Annotated[
        datetime, Meta(description="From when on the counts are complete, where `truncated`.")
    ]
    truncated: Annotated[bool, Meta(description="Whether there was more than is counted.")]
    looked_at: Annotated[int, Meta(description="How many recipients were counted.")]
    states: StateCounts
    twilio_statuses: StatusCounts
    minutes: Annotated[Sequence[Minute], Meta(description="Every minute, oldest first.")]
    failures: Annotated[Sequence[FailureGroup], Meta(description="Failures by code.")]
    queues: (
        Annotated[
            dict[str, QueueState], Meta(description="Each queue; null where they do not answer.")
        ]
        | None
    )
    twilio: TwilioState
    account: AccountState


class HealthResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the app can do its work."""

    status: Annotated[Literal["usable", "not usable"], Meta(description="All of it together.")]
    checks: Annotated[
        dict[str, str],
        Meta(
            description="Each check: `usable`, or what is wrong with it. `settings`, `queue` and "
            "`table` decide; `twilio` is for information."
        ),
    ]
    warnings: Annotated[
        list[FieldProblem],
        Meta(description="Settings that are probably not as they were meant; absent for none."),
    ] = []


class PreviewResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The TwiML that steps make."""

    twiml: Annotated[str, Meta(description="The document.")]
    branches: (
        Annotated[
            dict[str, str],
            Meta(description="The document after each answer of an `on`, by its path in `steps`."),
        ]
        | None
    ) = None


class TokenResponse(msgspec.Struct, frozen=True):
    """An access token for Twilio's Voice SDKs."""

    token: Annotated[str, Meta(description="The token, a JWT.")]
    identity: Annotated[str, Meta(description="The client that it is for.")]
    expires_at: Annotated[datetime, Meta(description="When it ends (UTC).")]


class OptOutResponse(msgspec.Struct, frozen=True):
    """What a person last told one of our senders."""

    sender: Annotated[str, Meta(description="The number or Messaging Service that was told.")]
    says: Annotated[Literal["stop", "start"], Meta(description="Whether it may write again.")]
    at: Annotated[datetime, Meta(description="When (UTC).")]


class PersonResponse(msgspec.Struct, frozen=True):
    """What is stored about a person, newest first."""

    items: Annotated[list[EntryResponse], Meta(description="Messages and calls to the person.")]
    inbound: Annotated[
        list[dict[str, Any]],
        Meta(description="What the person texted, pressed and said: events of queue `inbound`."),
    ]
    opt_outs: Annotated[list[OptOutResponse], Meta(description="Stops and starts, by sender.")]
    next: (
        Annotated[str, Meta(description="The `cursor` of the next page; null on the last one.")]
        | None
    )


class InboundResponse(msgspec.Struct, frozen=True):
    """What somebody texted, pressed, said or recorded."""

    id: Annotated[str, Meta(description="Its id.", examples=["zbpn605h2xjadt3njya6n5"])]
    event: Annotated[
        dict[str, Any],
        Meta(
            description="The event as it stood on queue `inbound`. An `id` in it is that of the "
            "call or message of ours in which it happened.",
            examples=[
                {
                    "event": "message",
                    "sid": "SM00000000000000000000000000000001",
                    "from": "+14155552671",
                    "to": "+15005550006",
                    "at": "2026-11-21T22:23:17Z",
                    "body": "Yes please",
                    "media": [],
                }
            ],
        ),
    ]
    links: Links


class InboundListResponse(msgspec.Struct, frozen=True):
    """A page of what reached us, newest first.

    A page reads a bounded number of rows: it can be short, even empty, and still have a `next`.
    """

    items: Annotated[list[InboundResponse], Meta(description="Events with their ids.")]
    next: (
        Annotated[str, Meta(description="The `cursor` of the next page; null on the last one.")]
        | None
    )


class ErasureResponse(msgspec.Struct, frozen=True):
    """What erasing did."""

    rows: Annotated[int, Meta(description="How many rows were rewritten or deleted.")]
    canceled: Annotated[int, Meta(description="How many waiting sends were canceled.")]
    being_sent: Annotated[
        int, Meta(description="How many were being sent at that moment: erase again later.")
    ]
    next: Annotated[str, Meta(description="The `start` to go on with; null when done.")] | None


def error_of(error: tuple[str, str] | None) -> EntryError | None:
    """Return an error of an entry as the API shows it."""
    return EntryError(*error) if error else None
