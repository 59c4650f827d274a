"""Events as rows: encoded and decoded unchanged, under names that tell them apart."""

import pytest
from hypothesis import given

from shared.jobs import events
from shared.jobs.events import Answer, AnyEvent, Claim, Doubt, Parked, Reported, Retried
from tests.clock import NOON
from tests.ledger.histories import accepted, histories


@given(histories())
def test_events_come_back_as_they_were(history: list[AnyEvent]) -> None:
    """Whatever happened is read from its row as it was written, under the same name."""
    for event in history:
        again = events.decode(events.encode(event))
        assert again == event
        assert again.name == event.name


@given(histories())
def test_names_tell_events_apart(history: list[AnyEvent]) -> None:
    """No two different facts of one job share a name."""
    assert len({event.row_name for event in history}) == len(history)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (accepted(), "accepted"),
        (Claim(at=NOON, n=2), "claim.2"),
        (Doubt(at=NOON, n=1, outcomes=()), "doubt.1"),
        (Answer(at=NOON, n=1, outcomes=()), "answer.1"),
        (Reported(at=NOON, status="in-progress"), "reported.in-progress"),
        (Reported(at=NOON, status="sent", index=0), "reported.sent.0"),
        (
            Reported(at=NOON, status="failed", fields={"ErrorCode": "30003"}),
            "reported.failed.e30003",
        ),
        (
            Reported(at=NOON, status="failed", index=7, fields={"ErrorCode": "3/0 "}),
            "reported.failed.7.e30",
        ),
        (Reported(at=NOON, status="A/B #?\n" + "x" * 99), "reported.a_b____" + "x" * 33),
        (Parked(at=NOON, code="", message=""), "parked"),
        (Parked(at=NOON, k=2, code="", message=""), "parked.2"),
        (Retried(at=NOON, k=1, after=0), "retried.1"),
    ],
)
def test_names_are_what_rows_end_with(event: AnyEvent, name: str) -> None:
    """Each event has the name of the design, and a word of Twilio's cannot break out of it."""
    assert event.row_name == name


def test_an_event_keeps_its_request_to_the_letter() -> None:
    """What was asked for is kept as JSON, emoji and all."""
    event = accepted(request={"to": "+14155552671", "body": "Hi \N{WAVING HAND SIGN}\n\u202e"})
    again = events.decode(events.encode(event))
    assert isinstance(again, events.Accepted)
    assert bytes(again.request) == bytes(event.request)
