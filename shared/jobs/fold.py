"""The state of a job: a pure function of the set of its events, in whatever order they came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from shared.jobs.events import (
    HELD,
    Accepted,
    Answer,
    AnyEvent,
    Claim,
    Doubt,
    Outcome,
    Parked,
    Reported,
    Retried,
)
from shared.jobs.ids import recipient_id
from shared.provider import statuses
from shared.provider.advice import ADVICE
from shared.provider.codes import is_outage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

E = TypeVar("E", bound=AnyEvent)
State = Literal[
    "scheduled",
    "accepted",
    "delivering",
    "in_doubt",
    "handed_over",
    "refused",
    "parked",
    "canceled",
]
# What a phone has got has no error, whatever was reported before.
_DELIVERED: Final = frozenset({"delivered", "read"})
# Results after which it is tried again.
_AGAIN: Final = frozenset({"retryable", "not_created"})
PENDING: frozenset[State] = frozenset({"scheduled", "accepted", "delivering", "in_doubt"})


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Where one recipient's message or call is."""

    id: str
    index: int
    to: str | None
    state: State
    sid: str | None
    twilio_status: str | None
    error: tuple[str, str] | None
    not_before: datetime | None

    @cached_property
    def pending(self) -> bool:
        """Whether it may still come to be sent."""
        return self.state in PENDING


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What the ledger knows of a job. `claim` is the newest attempt, `doubt` is its doubt."""

    id: str
    accepted: Accepted | None
    deliveries: tuple[Delivery, ...]
    events: tuple[AnyEvent, ...]
    claim: Claim | None
    doubt: Doubt | None
    answered: bool
    retries: int
    attempts_since_retry: int
    parked: Parked | None

    @property
    def kind(self) -> Literal["message", "call", "unreadable"]:
        """`message`, `call`, or `unreadable` for a queue message that made no sense."""
        return self.accepted.kind if self.accepted else "unreadable"

    @property
    def attempts(self) -> int:
        """How many attempts were begun (a cancel is none)."""
        return sum(isinstance(event, Claim) and event.by == "send" for event in self.events)

    @cached_property
    def pending(self) -> tuple[int, ...]:
        """The recipients that may still come to be sent to."""
        return tuple(delivery.index for delivery in self.deliveries if delivery.pending)

    @property
    def unsettled(self) -> bool:
        """Whether the newest attempt was begun and its outcome is not known for everyone."""
        return (
            self.claim is not None
            and self.claim.by == "send"
            and not self.answered
            and bool(self.pending)
        )


def fold(job_id: str, events: Iterable[AnyEvent]) -> Entry:
    """Everything that follows from a job's events."""
    by_name = {event.row_name: event for event in events}
    named = sorted(by_name.items(), key=lambda each: (each[1].at, each[0]))
    ordered = tuple(event for _, event in named)
    claims = sorted(_of(Claim, ordered), key=attrgetter("n"))
    retries = sorted(_of(Retried, ordered), key=attrgetter("k"))
    parked = _of(Parked, ordered)
    # An answer is worth more than a doubt.
    settlements: dict[int, Answer | Doubt] = {e.n: e for e in _of(Doubt, ordered)}
    settlements |= {e.n: e for e in _of(Answer, ordered)}
    claim = claims[-1] if claims else None
    newest = settlements.get(claim.n if claim else 0)
    known = [*_of(Accepted, ordered), *(each.accepted for each in claims if each.accepted)]
    accepted = known[0] if known else None
    story = _Story(
        claims=claims,
        settlements=[settlements[n] for n in sorted(settlements, reverse=True)],
        reports=_of(Reported, ordered),
        retries=retries,
        parked=parked,
        accepted=accepted,
    )
    recipients: tuple[str | None, ...] = accepted.to if accepted else (None,)
    deliveries = tuple(
        story.delivery(recipient_id(job_id, index, len(recipients)), index, to)
        for index, to in enumerate(recipients)
    )
    return Entry(
        id=job_id,
        accepted=accepted,
        deliveries=deliveries,
        events=ordered,
        claim=claim,
        doubt=newest if isinstance(newest, Doubt) else None,
        answered=isinstance(newest, Answer),
        retries=retries[-1].k if retries else 0,
        attempts_since_retry=story.tries({each.index for each in deliveries if each.pending}),
        parked=parked[-1] if parked else None,
    )


def _of(kind: type[E], events: Iterable[AnyEvent]) -> list[E]:
    return [event for event in events if isinstance(event, kind)]


@dataclass(frozen=True, kw_only=True)
class _Story:
    """A job's events, sorted out by what they are."""

    claims: list[Claim]
    settlements: list[Answer | Doubt]
    reports: list[Reported]
    retries: list[Retried]
    parked: list[Parked]
    accepted: Accepted | None

    def delivery(self, entry_id: str, index: int, to: str | None) -> Delivery:
        """Where recipient `index` is."""
        reopened = self._reopened_after(index)
        outcome = self._outcome(index, reopened)
        parked = self._parked(index)
        reports = [report for report in self.reports if (report.index or 0) == index]
        sid = next((report.sid for report in reports if report.sid), None)
        if outcome and outcome.sid:
            sid = outcome.sid
        status = _twilio_status(outcome, reports)
        state = "handed_over" if sid else self._state(index, reopened, outcome, parked)
        return Delivery(
            id=entry_id,
            index=index,
            to=to,
            state=state,
            sid=sid,
            twilio_status=status if sid else None,
            error=_error(state, status, outcome, parked, reports),
            not_before=outcome.not_before if outcome and outcome.result in _AGAIN else None,
        )

    def tries(self, pending: Collection[int]) -> int:
        """Return how often Twilio turned down that pending recipient that it turned down most.

        Only answers about the message count, not that Twilio could not be reached or would take
        nothing. An operator's retry begins the count again.
        """
        tried = Counter(
            outcome.index
            for settlement in self.settlements
            for outcome in settlement.outcomes
            if outcome.index in pending
            and outcome.code not in HELD
            and outcome.result != "not_created"
            and not is_outage(outcome.code)
            and settlement.n > self._reopened_after(outcome.index)
        )
        return max(tried.values(), default=0)

    def _reopened_after(self, index: int) -> int:
        """The last attempt that an operator's retry has made void for this recipient."""
        return max((retry.after for retry in self.retries if _concerns(retry, index)), default=0)

    def _parked(self, index: int) -> Parked | None:
        """Why this recipient was given up, unless an operator's retry has come since."""
        k = max((retry.k for retry in self.retries if _concerns(retry, index)), default=0)
        return max(
            (parked for parked in self.parked if parked.k >= k), key=attrgetter("k"), default=None
        )

    def _outcome(self, index: int, reopened: int) -> Outcome | None:
        """What the newest attempt that says anything about this recipient came to; a SID stays."""
        found = [
            outcome
            for settlement in self.settlements
            for outcome in settlement.outcomes
            if outcome.index == index and (settlement.n > reopened or outcome.sid)
        ]
        return next((outcome for outcome in found if outcome.sid), found[0] if found else None)

    def _state(
        self, index: int, reopened: int, outcome: Outcome | None, parked: Parked | None
    ) -> State:
        """The state of a recipient for whom Twilio is not known to have anything."""
        if outcome and outcome.result == "rejected":
            return "refused"
        for claim in self.claims:
            if claim.by == "cancel" and claim.n > reopened and _concerns(claim, index):
                return "canceled"
        if parked:
            return "parked"
        if outcome and outcome.result == "unknown":
            return "in_doubt"
        newest = self.claims[-1] if self.claims else None
        settled = [settlement.n for settlement in self.settlements]
        if newest and newest.by == "send" and newest.n not in settled and _concerns(newest, index):
            return "delivering"
        waits = self.accepted is not None and self.accepted.waits
        return "scheduled" if waits and not self.claims else "accepted"


def _twilio_status(outcome: Outcome | None, reports: Iterable[Reported]) -> str | None:
    words = [report.status for report in reports]
    if outcome and outcome.status:
        words.append(outcome.status)
    return max(words, key=lambda word: (statuses.rank(word), word), default=None)


def _error(
    state: State,
    status: str | None,
    outcome: Outcome | None,
    parked: Parked | None,
    reports: Iterable[Reported],
) -> tuple[str, str] | None:
    """Why it did not arrive, or not yet."""
    if state == "parked" and parked:
        return parked.code, parked.message
    if status in _DELIVERED:
        return None
    for report in sorted(reports, key=lambda r: statuses.rank(r.status), reverse=True):
        if code := report.fields.get("ErrorCode"):
            means = ADVICE[code].means if code in ADVICE else f"Twilio reported {code}"
            return code, report.fields.get("ErrorMessage") or means
    if outcome and outcome.code and state != "handed_over":
        return outcome.code, outcome.message or ""
    return None


def _concerns(event: Claim | Retried, index: int) -> bool:
    return event.indexes is None or index in event.indexes
