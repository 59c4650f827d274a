"""Events by hand, and everything that can plausibly have happened to a job, for property tests."""

from datetime import datetime, timedelta

import msgspec
from hypothesis import strategies as st

from shared.jobs.events import (
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
from shared.kinds import Kind
from tests.clock import NOON

JOB = "zbpn7196bfzff9kh2444pa"
TO = ("+14155552671", "+14165550123", "+442079460958")
STATUSES = ("queued", "sending", "sent", "delivered", "undelivered", "brand-new")


def accepted(
    *to: str,
    kind: Kind = "message",
    request: dict[str, object] | None = None,
    at: datetime = NOON,
    send_at: datetime | None = None,
    metadata: dict[str, str] | None = None,
) -> Accepted:
    """A request for some recipients, for one if none is named."""
    fields = request or {"to": list(to or TO[:1]), "body": "Hi"}
    return Accepted(
        at=at,
        kind=kind,
        to=to or TO[:1],
        request=msgspec.Raw(msgspec.json.encode(fields)),
        sender="+15005550006",
        send_at=send_at,
        metadata=metadata,
    )


def sid(index: int, n: int = 1) -> str:
    """The SID that attempt `n` got for a recipient."""
    return f"SM{n:016x}{index:016x}"


moments = st.integers(0, 3600).map(lambda seconds: NOON + timedelta(seconds=seconds))


@st.composite
def attempts(draw: st.DrawFn, n: int, count: int) -> list[AnyEvent]:
    """One attempt: its claim, and as much of its outcome as came to be known."""
    indexes = tuple(sorted(draw(st.sets(st.integers(0, count - 1), min_size=1))))
    by = draw(st.sampled_from(("send", "send", "send", "cancel")))
    everyone = None if len(indexes) == count else indexes
    claim = Claim(at=draw(moments), n=n, by=by, token=str(n), indexes=everyone)  # type: ignore[arg-type] # one of the two
    if by == "cancel":
        return [claim]
    first, final = [], []
    for index in indexes:
        result = draw(st.sampled_from(("sent", "rejected", "retryable", "unknown")))
        first.append(_outcome(index, result, n))
        settled = draw(st.sampled_from(("sent", "not_created"))) if result == "unknown" else result
        final.append(_outcome(index, settled, n))
    known: list[AnyEvent] = [claim]
    if first != final:
        known.append(Doubt(at=draw(moments), n=n, outcomes=tuple(first)))
    if draw(st.booleans()):
        known.append(Answer(at=draw(moments), n=n, outcomes=tuple(final)))
    return known


def _outcome(index: int, result: str, n: int) -> Outcome:
    fields: dict[str, object] = {"index": index, "result": result}
    if result == "sent":
        fields |= {"sid": sid(index, n), "status": "queued"}
    if result == "rejected":
        fields |= {"code": "21211", "message": "no such number"}
    return msgspec.convert(fields, Outcome)


@st.composite
def histories(draw: st.DrawFn) -> list[AnyEvent]:
    """What can have happened to a job of one to three recipients, each name once."""
    count = draw(st.integers(1, 3))
    events: list[AnyEvent] = [accepted(*TO[:count], at=draw(moments))]
    claims = draw(st.integers(0, 3))
    for n in range(1, claims + 1):
        events += draw(attempts(n, count))
    reports = st.sets(st.tuples(st.sampled_from(STATUSES), st.integers(0, count - 1)), max_size=6)
    events += [
        Reported(at=draw(moments), status=status, sid=sid(index),
                 index=None if count == 1 else index)
        for status, index in sorted(draw(reports))
    ]  # fmt: skip
    for k in range(1, draw(st.integers(0, 2)) + 1):
        if draw(st.booleans()):
            events.append(Parked(at=draw(moments), k=k - 1, code="gave_up", message="too often"))
        events.append(Retried(at=draw(moments), k=k, after=draw(st.integers(0, claims))))
    return events
