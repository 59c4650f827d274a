"""The state of a job: a pure function of the set of its events, in whatever order they came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

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

    @property
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

    @property
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
    ordered = tuple(sorted(by_name.values(), key=lambda event: (event.at, event.row_name)))
    claims = sorted((e for e in ordered if isinstance(e, Claim)), key=lambda e: e.n)
    retries = sorted((e for e in ordered if isinstance(e, Retried)), key=lambda e: e.k)
    claim = claims[-1] if claims else None
    n = claim.n if claim else 0
    settlements = {e.n: e for e in ordered if isinstance(e, Doubt)} | {
        e.n: e for e in ordered if isinstance(e, Answer)
    }
    k = retries[-1].k if retries else 0
    parked = tuple(e for e in ordered if isinstance(e, Parked))
    accepted = next((e for e in ordered if isinstance(e, Accepted)), None) or next(
        (e.accepted for e in claims if e.accepted), None
    )
    story = _Story(
        claims=tuple(claims),
        settlements=tuple(settlements[each] for each in sorted(settlements, reverse=True)),
        reports=tuple(e for e in ordered if isinstance(e, Reported)),
        retries=tuple(retries),
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
        doubt=newest if isinstance(newest := settlements.get(n), Doubt) else None,
        answered=isinstance(newest, Answer),
        retries=k,
        attempts_since_retry=story.tries({each.index for each in deliveries if each.pending}),
        parked=parked[-1] if parked else None,
    )


@dataclass(frozen=True, kw_only=True)
class _Story:
    """A job's events, sorted out by what they are."""

    claims: tuple[Claim, ...]
    settlements: tuple[Answer | Doubt, ...]
    reports: tuple[Reported, ...]
    retries: tuple[Retried, ...]
    parked: tuple[Parked, ...]
    accepted: Accepted | None

    def delivery(self, entry_id: str, index: int, to: str | None) -> Delivery:
        """Where recipient `index` is."""
        outcome = self._outcome(index)
        reports = [r for r in self.reports if (r.index or 0) == index]
        sid = next((r.sid for r in reports if r.sid), None)
        if outcome and outcome.sid:
            sid = outcome.sid
        status = self._twilio_status(outcome, reports) if sid else None
        state = "handed_over" if sid else self._state(index, outcome)
        return Delivery(
            id=entry_id,
            index=index,
            to=to,
            state=state,
            sid=sid,
            twilio_status=status,
            error=self._error(index, state, outcome, reports),
            not_before=self._not_before(outcome),
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
        return max(
            (r.after for r in self.retries if r.indexes is None or index in r.indexes), default=0
        )

    def _parked(self, index: int) -> Parked | None:
        """Why this recipient was given up, unless an operator's retry has come since."""
        k = max((r.k for r in self.retries if r.indexes is None or index in r.indexes), default=0)
        return max((p for p in self.parked if p.k >= k), key=lambda p: p.k, default=None)

    def _outcome(self, index: int) -> Outcome | None:
        """What the newest attempt that says anything about this recipient came to; a SID stays."""
        reopened = self._reopened_after(index)
        found = [
            outcome
            for settlement in self.settlements
            for outcome in settlement.outcomes
            if outcome.index == index and (settlement.n > reopened or outcome.sid)
        ]
        return next((outcome for outcome in found if outcome.sid), found[0] if found else None)

    def _state(self, index: int, outcome: Outcome | None) -> State:
        """The state of a recipient for whom Twilio is not known to have anything."""
        if outcome and outcome.result == "rejected":
            return "refused"
        reopened = self._reopened_after(index)
        for claim in self.claims:
            if claim.by == "cancel" and claim.n > reopened and _concerns(claim, index):
                return "canceled"
        if self._parked(index):
            return "parked"
        if outcome and outcome.result == "unknown":
            return "in_doubt"
        newest = self.claims[-1] if self.claims else None
        settled = {settlement.n for settlement in self.settlements}
        if newest and newest.by == "send" and newest.n not in settled and _concerns(newest, index):
            return "delivering"
        waits = self.accepted is not None and self.accepted.waits
        return "scheduled" if waits and not self.claims else "accepted"

    def _not_before(self, outcome: Outcome | None) -> datetime | None:
        if outcome and outcome.result in ("retryable", "not_created"):
            return outcome.not_before
        return None

    def _twilio_status(self, outcome: Outcome | None, reports: list[Reported]) -> str | None:
        words = [report.status for report in reports]
        if outcome and outcome.status:
            words.append(outcome.status)
        return max(words, key=lambda word: (statuses.rank(word), word), default=None)

    def _error(
        self, index: int, state: State, outcome: Outcome | None, reports: list[Reported]
    ) -> tuple[str, str] | None:
        """Why it did not arrive, or not yet."""
        parked = self._parked(index)
        if state == "parked" and parked:
            return parked.code, parked.message
        if self._twilio_status(outcome, reports) in _DELIVERED:
            return None
        for report in sorted(reports, key=lambda r: statuses.rank(r.status), reverse=True):
            if code := report.fields.get("ErrorCode"):
                means = ADVICE[code].means if code in ADVICE else f"Twilio reported {code}"
                return code, report.fields.get("ErrorMessage") or means
        if outcome and outcome.code and state != "handed_over":
            return outcome.code, outcome.message or ""
        return None


def _concerns(claim: Claim, index: int) -> bool:
    return claim.indexes is None or index in claim.indexes
