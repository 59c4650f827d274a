"""How far a batch is, in numbers."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from shared.jobs import ids
from shared.jobs.events import Answer, AnyEvent, Claim, Outcome, Parked, Reported
from shared.jobs.fold import Entry, fold
from shared.ledger.batches import Batch
from shared.triggers.views import show_progress
from tests.clock import NOON
from tests.ledger.histories import TO, accepted, sid

BATCH = ids.new_batch_id(NOON, 7)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def batch(count: int, **more: Any) -> Batch:  # noqa: ANN401 - a batch's own fields
    return Batch(id=BATCH, at=NOON, kind="message", lane="bulk", count=count, jobs=1,
                 duplicates=2, skipped=1, **more)  # fmt: skip


def job(*events: AnyEvent, number: int = 0, to: tuple[str, ...] = TO) -> Entry:
    return fold(ids.batch_job_id(BATCH, number), [accepted(*to), *events])


def answer(at: float, *result: str, n: int = 1, not_before: float = 0) -> Answer:
    more = {
        "sent": {"sid": sid(0), "status": "queued"},
        "rejected": {"code": "21211"},
        "retryable": {"not_before": after(not_before)},
    }
    outcomes = [
        Outcome(index=i, result=each, **more[each])  # type: ignore[arg-type] # the fields of each
        for i, each in enumerate(result)
    ]
    return Answer(at=after(at), n=n, outcomes=tuple(outcomes))


def summarize_batch(batch: Batch, entries: list[Entry], now: datetime) -> dict[str, Any]:
    """Return the batch as the API shows it."""
    shown = show_progress(batch, entries, now)
    fields: dict[str, Any] = msgspec.to_builtins(shown, builtin_types=(datetime,))
    return fields


def test_recipients_are_counted_by_state_and_by_status() -> None:
    """Each recipient counts once; those of jobs of which nothing is known yet count as accepted."""
    entries = [
        job(Claim(at=after(1), n=1), answer(3, "sent", "rejected", "retryable"),
            Reported(at=after(9), status="delivered", sid=sid(0), index=0)),
        job(Parked(at=after(2), code="expired", message="too late"), number=1),
    ]  # fmt: skip
    shown = summarize_batch(batch(10, metadata={"a": "b"}), entries, after(10))
    assert shown["states"] == {"handed_over": 1, "refused": 1, "accepted": 1 + 4, "parked": 3}
    assert sum(shown["states"].values()) == shown["count"] == 10
    assert shown["twilio_statuses"] == {"delivered": 1}
    assert (shown["duplicates"], shown["skipped"], shown["metadata"]) == (2, 1, {"a": "b"})


@pytest.mark.parametrize(("now", "state"), [(0, "scheduled"), (61, "accepted")])
def test_what_is_not_known_yet_waits_for_the_batchs_time(now: float, state: str) -> None:
    """Before `send_at` it is scheduled, after that accepted."""
    shown = summarize_batch(batch(3, send_at=after(60)), [], after(now))
    assert (shown["states"], shown["send_at"]) == ({state: 3}, after(60))


def test_the_rate_is_from_the_first_claim_to_the_last_answer() -> None:
    """What is left is expected at the same rate."""
    entries = [
        job(Claim(at=after(10), n=1), answer(12, "sent", "sent", "rejected")),
        job(Claim(at=after(11), n=1), answer(14, "sent", "sent", "sent"), number=1),
    ]
    shown = summarize_batch(batch(12), entries, after(20))
    assert (shown["rate"], shown["estimated_end"]) == (1.5, after(24))
    done = summarize_batch(batch(6), entries, after(20))
    assert (done["rate"], done["estimated_end"]) == (1.5, None)


@pytest.mark.parametrize(
    "events",
    [
        [],
        [Claim(at=after(1), n=1)],
        [Claim(at=after(1), n=1), answer(1, "sent", "sent", "sent")],
        [Claim(at=after(1), n=1, by="cancel")],
    ],
    ids=["nothing", "no answer", "no time", "a cancel"],
)
def test_without_two_moments_there_is_no_rate(events: list[AnyEvent]) -> None:
    """Nothing is estimated from nothing."""
    shown = summarize_batch(batch(9), [job(*events)], after(20))
    assert (shown["rate"], shown["estimated_end"]) == (None, None)


def test_a_cancel_does_not_slow_the_rate_down() -> None:
    """What was canceled days before, or instead of being sent, tells nothing of the speed."""
    entries = [
        job(Claim(at=after(-900_000), n=1, by="cancel"), number=1),
        job(Claim(at=after(10), n=1), answer(12, "sent", "sent", "sent")),
    ]
    assert summarize_batch(batch(9), entries, after(20))["rate"] == 1.5


def test_a_night_does_not_slow_the_rate_down() -> None:
    """What goes out in the morning goes as fast as what went before the quiet hours."""
    morning = 36_000
    entries = [
        job(Claim(at=after(0), n=1), answer(1, "retryable", "retryable", "sent",
            not_before=morning),
            Claim(at=after(morning), n=2), answer(morning + 1, "sent", "sent", n=2)),
        job(Claim(at=after(morning + 1), n=1), answer(morning + 2, "sent", "sent", "sent"),
            number=1),
    ]  # fmt: skip
    shown = summarize_batch(batch(12), entries, after(morning + 3))
    assert shown["rate"] == round(6 / (1 + 60 + 1 + 1), 2)
    assert shown["estimated_end"] < after(morning + 120)


def test_what_is_held_does_not_end_before_it_may_go() -> None:
    """However fast the others went, the end waits for who must not be texted at night."""
    entries = [
        job(Claim(at=after(0), n=1), answer(1, "sent", "sent", "retryable", not_before=36_000)),
        job(Claim(at=after(0), n=1), answer(1, "sent", "sent", "sent"), number=1),
    ]
    shown = summarize_batch(batch(6), entries, after(2))
    assert (shown["rate"], shown["estimated_end"]) == (5, after(36_000))


def test_the_first_failures_are_shown_with_their_reasons() -> None:
    """Refused, parked, and failed at Twilio: twenty at the most, in their order."""
    failed = Reported(at=after(5), status="undelivered", sid=sid(0), index=0,
                      fields={"ErrorCode": "30003"})  # fmt: skip
    lost = Reported(at=after(5), status="failed", sid=sid(1), index=1)
    many = tuple(f"+1415555{n:04}" for n in range(2000, 2030))
    entries = [
        job(Claim(at=after(1), n=1), answer(3, "sent", "sent", "rejected"), failed, lost),
        job(Parked(at=after(2), code="expired", message="too late"), number=1, to=many),
    ]
    failures = summarize_batch(batch(33), entries, after(10))["failures"]
    assert len(failures) == 20
    assert [each["id"][-2:] for each in failures[:4]] == ["-0", "-1", "-2", "-0"]
    assert [each["error"] for each in failures[:4]] == [
        {"code": "30003", "message": "the phone is off, or out of reach"},
        None,
        {"code": "21211", "message": ""},
        {"code": "expired", "message": "too late"},
    ]
    assert [each["state"] for each in failures[1:4]] == ["handed_over", "refused", "parked"]
