"""An alert: what can happen to it, as values, where it stands, and what has to be done next.

Every event is one row of the ledger, as those of messages and calls are. `answered` is a single
row, so the first answer wins. A level that begins is a row too (`level.N`), so that workers who
begin it at the same time notify the same people under the same idempotency keys.

Nothing here reads a clock, a table or a queue.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from shared.jobs import ids
from shared.phone_numbers import mask_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from shared.jobs.events import Accepted

AlertState = Literal[
    "open", "acknowledged", "resolved", "canceled", "delivered", "answered", "exhausted"
]
Until = Literal["acknowledged", "answered", "delivered"]
Then = Literal["repeat", "stop"]
By = Literal["text", "call"]
Answer = Literal["acknowledged", "answered", "delivered"]
Via = Literal["key", "reply", "api", "report", "intake"]

MAX_LEVELS: Final = 20
MAX_NOTIFICATIONS: Final = 50
MAX_TEXT_CHARACTERS: Final = 1200
MAX_KEY_CHARACTERS: Final = 255
MIN_WAIT_SECONDS: Final = 15
MAX_WAIT_SECONDS: Final = 86_400
DEFAULT_ROUNDS: Final = 3
_PAGE: Final = re.compile(r"(\d{1,6})\.(\d{1,3})", re.ASCII)
# What sorts after the events that decide something: `Alerts.find` does not read those behind it.
BESIDE: Final = "z."
# A level whose people were notified later than this after it began waits from then on.
_LATE: Final = timedelta(seconds=10)


class Notify(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who is notified, and how."""

    to: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=64,
            description="E.164; for a text `whatsapp:+…` too.",
            examples=["+14155552671"],
        ),
    ]
    by: Annotated[By, Meta(description="A text, or a call that asks for a key.")]


class Level(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """Who is notified together, and how long they have to answer."""

    notify: Annotated[list[Notify], Meta(min_length=1, description="Who is notified together.")]
    wait: Annotated[
        int,
        Meta(
            ge=MIN_WAIT_SECONDS,
            le=MAX_WAIT_SECONDS,
            description="Seconds until the next level begins.",
        ),
    ]
    times: Annotated[
        int, Meta(ge=1, le=10, description="How often, before the next level begins.")
    ] = 1


class AlertEvent(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="event", kw_only=True):
    """One fact about an alert, and when it was noted."""

    at: datetime

    @property
    def name(self) -> str:
        """What the event is called in the story."""
        return str(self.__struct_config__.tag)

    @property
    def row_name(self) -> str:
        """What the event's row key ends with."""
        return self.name


class Raised(AlertEvent, frozen=True, kw_only=True, tag="raised"):
    """The alert was raised: everything that is needed to notify people, and to do it again.

    `number` is what people name it by (`A 12`), `token` tells this request from every other, and
    `most` is how many rounds there are in all.
    """

    text: str
    number: int
    token: str
    levels: tuple[Level, ...] = ()
    key: str | None = None
    until: Until = "acknowledged"
    then: Then = "stop"
    most: int = 1
    urgent: bool = False
    metadata: dict[str, str] | None = None
    policy: str | None = None
    source: str = "api"
    warnings: tuple[str, ...] = ()


class LevelBegun(AlertEvent, frozen=True, kw_only=True, tag="level"):
    """Run `n` began: time `time` of level `level` (from 0) in round `round` (from 1)."""

    n: int
    round: int
    level: int
    time: int

    @property
    def name(self) -> str:
        """`level.N`."""
        return f"level.{self.n}"


class Notified(AlertEvent, frozen=True, kw_only=True, tag="notified"):
    """Everybody of run `n` has a job now; None where none could be made, which `problems` say."""

    n: int
    jobs: tuple[str | None, ...]
    problems: dict[str, str] = {}

    @property
    def name(self) -> str:
        """`notified.N`."""
        return f"notified.{self.n}"


class Escalated(AlertEvent, frozen=True, kw_only=True, tag="escalated"):
    """Somebody asked for the next level during run `n`."""

    n: int
    by: str
    via: Via

    @property
    def name(self) -> str:
        """`escalated.N`: once in a run, however many ask for it."""
        return f"escalated.{self.n}"


class MachineAnswered(AlertEvent, frozen=True, kw_only=True, tag="machine"):
    """Every call of run `n` reached an answering machine."""

    n: int

    @property
    def name(self) -> str:
        """`machine.N`."""
        return f"machine.{self.n}"


class Answered(AlertEvent, frozen=True, kw_only=True, tag="answered"):
    """The first answer. `by` is an address, or the name of whoever used the API."""

    how: Answer
    by: str
    via: Via
    token: str


class Resolved(AlertEvent, frozen=True, kw_only=True, tag="resolved"):
    """What the alert was about is over."""

    by: str
    via: Via
    token: str


class Canceled(AlertEvent, frozen=True, kw_only=True, tag="canceled"):
    """The alert was taken back."""

    by: str


class Exhausted(AlertEvent, frozen=True, kw_only=True, tag="exhausted"):
    """Nobody is left to notify, and nobody answered. No run `n` begins."""

    n: int

    @property
    def row_name(self) -> str:
        """`level.N`, as that of the run that might have begun in its place."""
        return f"level.{self.n}"


class Joined(AlertEvent, frozen=True, kw_only=True, tag="joined"):
    """The alert was raised once more while it was not resolved."""

    token: str

    @property
    def name(self) -> str:
        """`z.joined.TOKEN`."""
        return f"{BESIDE}joined.{self.token}"


class PartOf(AlertEvent, frozen=True, kw_only=True, tag="part_of"):
    """The request that took this id raised or joined the alert `alert`, whichever it came to."""

    alert: str


class Payload(AlertEvent, frozen=True, kw_only=True, tag="payload"):
    """What another system sent, as it came, cut where it is long."""

    text: str

    @property
    def name(self) -> str:
        """`z.payload`."""
        return f"{BESIDE}payload"


AnyAlertEvent = (
    Raised | LevelBegun | Notified | Escalated | MachineAnswered | Answered | Resolved | Canceled
    | Exhausted | Joined | PartOf | Payload
)  # fmt: skip

E = TypeVar("E", bound=AlertEvent)
_decoder: msgspec.json.Decoder[AnyAlertEvent] = msgspec.json.Decoder(AnyAlertEvent)
_encoder = msgspec.json.Encoder()


def encode_event(event: AnyAlertEvent) -> str:
    """Return an event as the JSON text that its row holds."""
    return _encoder.encode(event).decode()


def decode_event(text: str) -> AnyAlertEvent:
    """Return the event that a row holds."""
    return _decoder.decode(text)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What is known of an alert. `runs` are the levels that began, in order."""

    id: str
    raised: Raised
    runs: tuple[LevelBegun, ...]
    notified: dict[int, Notified]
    escalated: frozenset[int]
    machines: frozenset[int]
    answer: Answered | None
    resolution: Resolved | None
    cancellation: Canceled | None
    exhaustion: Exhausted | None
    count: int
    payload: str | None
    events: tuple[AnyAlertEvent, ...]

    @property
    def state(self) -> AlertState:
        """Where it stands."""
        if self.resolution:
            return "resolved"
        if self.cancellation:
            return "canceled"
        if self.answer:
            return self.answer.how
        return "exhausted" if self.exhaustion else "open"

    @property
    def run(self) -> LevelBegun | None:
        """The newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def is_quiet(self) -> bool:
        """Whether nobody may be notified any more; a page that was held may outlast the rest."""
        return self.state not in ("open", "exhausted")

    @property
    def quiet_since(self) -> datetime | None:
        """When nobody was to be notified any more."""
        ends = (self.answer, self.resolution, self.cancellation)
        return min((event.at for event in ends if event), default=None)

    @property
    def takes_key(self) -> bool:
        """Whether another alert with its key joins this one."""
        return not (self.resolution or self.cancellation or self.exhaustion)

    def level_of(self, run: LevelBegun) -> Level:
        """Return the level that a run is of."""
        return self.raised.levels[run.level]

    def ends_at(self, run: LevelBegun) -> datetime:
        """Return when a run ends if nothing happens."""
        notified = self.notified.get(run.n)
        is_late = notified is not None and notified.at - run.at > _LATE
        begin = notified.at if notified is not None and is_late else run.at
        return begin + timedelta(seconds=self.level_of(run).wait)


def fold_alert(alert_id: str, events: Iterable[AnyAlertEvent]) -> Alert | None:
    """Return everything that follows from an alert's events; None before it was raised."""
    by_name = {event.name: event for event in events}
    ordered = tuple(sorted(by_name.values(), key=lambda event: (event.at, event.name)))
    raised = by_name.get("raised")
    if not isinstance(raised, Raised):
        return None

    def find(of_type: type[E]) -> E | None:
        return next((event for event in ordered if isinstance(event, of_type)), None)

    payload = find(Payload)
    runs = (event for event in ordered if isinstance(event, LevelBegun))
    return Alert(
        id=alert_id,
        raised=raised,
        runs=tuple(sorted(runs, key=lambda run: run.n)),
        notified={event.n: event for event in ordered if isinstance(event, Notified)},
        escalated=frozenset(event.n for event in ordered if isinstance(event, Escalated)),
        machines=frozenset(event.n for event in ordered if isinstance(event, MachineAnswered)),
        answer=find(Answered),
        resolution=find(Resolved),
        cancellation=find(Canceled),
        exhaustion=find(Exhausted),
        count=1 + sum(isinstance(event, Joined) for event in ordered),
        payload=payload.text if payload else None,
        events=ordered,
    )


class Begin(NamedTuple):
    """Begin a run."""

    n: int
    round: int
    level: int
    time: int


class NotifyRun(NamedTuple):
    """Notify everybody of a run that has begun."""

    run: LevelBegun


class WaitUntil(NamedTuple):
    """Do nothing until run `n` ends."""

    n: int
    until: datetime


class Exhaust(NamedTuple):
    """Note that nobody is left to notify in a run `n`."""

    n: int


class Silence(NamedTuple):
    """Cancel what has not left, and hang up what rings."""


class Finished(NamedTuple):
    """Nothing is left to do."""


AlertStep = Begin | NotifyRun | WaitUntil | Exhaust | Silence | Finished


def next_alert_step(alert: Alert, now: datetime) -> AlertStep:
    """Return what has to be done for an alert at a time."""
    if alert.is_quiet:
        return Silence()
    if alert.exhaustion:
        return Finished()
    run = alert.run
    if run is None:
        return Begin(1, 1, 0, 1) if alert.raised.levels else Exhaust(1)
    if run.n not in alert.notified:
        return NotifyRun(run)
    is_skipped = run.n in alert.escalated or run.n in alert.machines
    if not is_skipped and now < alert.ends_at(run):
        return WaitUntil(run.n, alert.ends_at(run))
    return next_run(alert.raised, run, is_skipped=is_skipped) or Exhaust(run.n + 1)


class Upcoming(NamedTuple):
    """A run that begins at a time if nobody answers; None: nobody is left to notify then."""

    at: datetime
    run: Begin | None


def find_upcoming(alert: Alert) -> Upcoming | None:
    """Return what happens next if nobody answers; None where nobody is notified any more."""
    if alert.is_quiet or alert.exhaustion:
        return None
    run = alert.run
    if run is None:
        return Upcoming(alert.raised.at, Begin(1, 1, 0, 1) if alert.raised.levels else None)
    skips = [
        event.at
        for event in alert.events
        if isinstance(event, Escalated | MachineAnswered) and event.n == run.n
    ]
    at = min(skips, default=alert.ends_at(run))
    return Upcoming(at, next_run(alert.raised, run, is_skipped=bool(skips)))


def next_run(raised: Raised, run: LevelBegun, *, is_skipped: bool) -> Begin | None:
    """Return the run after another; the rest of a level's times is left out if it was skipped."""
    if not is_skipped and run.time < raised.levels[run.level].times:
        return Begin(run.n + 1, run.round, run.level, run.time + 1)
    if run.level + 1 < len(raised.levels):
        return Begin(run.n + 1, run.round, run.level + 1, 1)
    if raised.then == "repeat" and run.round < raised.most:
        return Begin(run.n + 1, run.round + 1, 0, 1)
    return None


class Notification(NamedTuple):
    """What a job is a notification of: member `member` of run `n` of an alert."""

    alert_id: str
    n: int
    member: int
    is_urgent: bool = False

    @property
    def key(self) -> str:
        """The idempotency key of its job."""
        return "/".join(("alert", *self.metadata.values()))

    @property
    def metadata(self) -> dict[str, str]:
        """What its job is marked with."""
        page = {"alert": self.alert_id, "page": f"{self.n}.{self.member}"}
        return {**page, "urgent": "true"} if self.is_urgent else page


def notifications_of(alert: Alert, run: LevelBegun) -> Iterator[tuple[Notification, Notify]]:
    """Yield who is notified in a run."""
    for index, notify in enumerate(alert.level_of(run).notify):
        yield Notification(alert.id, run.n, index, alert.raised.urgent), notify


def notification_of(accepted: Accepted) -> Notification | None:
    """Return what a job is a notification of; None for every other job.

    Anybody may choose such metadata, so the idempotency key has to fit.
    """
    metadata = accepted.metadata or {}
    page = _PAGE.fullmatch(metadata.get("page", ""))
    place = ids.parse(metadata.get("alert", "")) if page else None
    if page is None or place is None:
        return None
    is_urgent = metadata.get("urgent") == "true"
    found = Notification(place.job_id, int(page[1]), int(page[2]), is_urgent)
    is_ours = hashlib.sha256(found.key.encode()).hexdigest() == accepted.key
    return found if is_ours else None


def notification_fields(raised: Raised, mark: Notification, notify: Notify) -> dict[str, object]:
    """Return the request that notifies somebody, the same one each time."""
    fields: dict[str, object] = {"to": notify.to, "metadata": mark.metadata}
    if notify.by == "text":
        return {**fields, "body": text_body(raised)}
    return {**fields, "steps": call_steps(raised), "machine_detection": "Enable", "async_amd": True}


def text_body(raised: Raised) -> str:
    """Return what a person is texted."""
    if raised.until != "acknowledged":
        return f"{raised.text} (A {raised.number})"
    asks = "Reply A to acknowledge, E to escalate, R to resolve."
    return f"{raised.text} (A {raised.number}) {asks}"


def call_steps(raised: Raised) -> list[dict[str, object]]:
    """Return what a person who picks up hears, twice; `answer_key` does what is pressed."""
    if raised.until != "acknowledged":
        return [{"say": raised.text}, {"pause": {"length": 1}}, {"say": raised.text}]
    ask = "Press 1 to acknowledge, 2 to escalate, 3 to resolve."
    gather: dict[str, object] = {
        "gather": {
            "num_digits": 1,
            "timeout": 8,
            "action_on_empty_result": True,
            "steps": [{"say": f"{raised.text.rstrip('.!?')}. {ask}"}],
            "on": {
                "1": [{"say": "Acknowledged."}],
                "2": [{"say": "Escalated."}],
                "3": [{"say": "Resolved."}],
            },
        }
    }
    return [gather, gather, {"say": "Good bye."}]


class AlertMessage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What the queue carries for an alert: look at it now.

    `n` marks the end of run `n` (0: the alert was raised); without it something has happened to the
    alert, or to its notification `job`. `raised` repeats the first event, in case its row was lost.
    `digest` shows that the app wrote all that.
    """

    v: Literal[1]
    alert: Annotated[str, Meta(pattern=ids.JOB_PATTERN)]
    n: int | None = None
    job: str | None = None
    raised: Raised | None = None
    digest: str = ""


def summarize(alert: Alert) -> str:
    """Return who has answered an alert, and when, as people read and hear it."""
    event = alert.resolution or alert.cancellation or alert.answer
    if event is None:
        return "Nobody has answered, and nobody is left to notify"
    word = {"delivered": "Delivered to"}.get(alert.state, f"{alert.state.capitalize()} by")
    return f"{word} {mask_who(event.by)} at {event.at.astimezone(UTC):%H:%M} UTC"


def mask_who(by: str) -> str:
    """Return who it was: the middle of every number hidden, a name as it is."""
    return mask_numbers(by)
