"""The results of a call, from its events."""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from shared.jobs.events import Noted, Reported
from shared.jobs.results import results_of
from tests.clock import NOON

What = Literal["machine", "gather", "dial", "recording"]


def noted(what: What, index: int | None = None, **fields: str) -> Noted:
    return Noted(at=NOON, what=what, key="k", index=index, fields=fields)


def shown(*events: Any, index: int = 0) -> list[dict[str, Any]]:  # noqa: ANN401 - events
    results = results_of(events, index)
    encoded: list[dict[str, Any]] = msgspec.to_builtins(results)
    return [{name: v for name, v in each.items() if name != "at"} for each in encoded]


def test_each_kind_of_result_has_its_field() -> None:
    """Keys, words, a dialled leg, a recording, and who answered, in the order of the events."""
    assert shown(
        noted("machine", AnsweredBy="human"),
        noted("gather", Digits="1"),
        noted("gather", SpeechResult="yes", Confidence="0.9"),
        noted("recording", RecordingUrl="u1", RecordingDuration="3"),
        noted("dial", DialCallStatus="busy", DialCallSid="CA2"),
    ) == [
        {"verb": "machine", "answered_by": "human"},
        {"verb": "gather", "digits": "1"},
        {"verb": "gather", "speech": "yes"},
        {"verb": "record", "recording_url": "u1"},
        {"verb": "dial", "dial_status": "busy"},
    ]


def test_what_comes_twice_is_one_result() -> None:
    """A recording and its file count once, and so does who answered; a key counts each time."""
    assert shown(
        Reported(at=NOON, status="in-progress", fields={"AnsweredBy": "human"}),
        noted("machine", AnsweredBy="human"),
        noted("recording", RecordingUrl="u1"),
        noted("recording", RecordingUrl="u1", RecordingStatus="completed"),
        noted("recording", RecordingUrl="u2"),
        noted("recording", RecordingStatus="failed"),
        noted("machine"),
        noted("gather", Digits="1"),
        noted("gather", Digits="1"),
    ) == [
        {"verb": "machine", "answered_by": "human"},
        {"verb": "record", "recording_url": "u1"},
        {"verb": "record", "recording_url": "u2"},
        {"verb": "gather", "digits": "1"},
        {"verb": "gather", "digits": "1"},
    ]


def test_results_are_one_recipients() -> None:
    """In a job of several calls each has its own; other events are none."""
    later = Noted(at=NOON + timedelta(1), what="gather", key="k", index=1, fields={"Digits": "2"})
    events = (noted("gather", Digits="1"), later, Reported(at=NOON, status="ringing"))
    assert shown(*events) == [{"verb": "gather", "digits": "1"}]
    [result] = results_of(events, 1)
    assert (result.digits, result.at) == ("2", NOON + timedelta(1))
