"""The log: one line an event, a constant name first, its fields as JSON."""

import json
import logging
from datetime import UTC, datetime

import pytest

from shared.log import log, log_error


def test_an_event_is_a_name_and_sorted_fields(caplog: pytest.LogCaptureFixture) -> None:
    """Fields are sorted, anything that JSON does not know is written as text."""
    with caplog.at_level(logging.INFO, "switchboard"):
        log("parked", id="x", at=datetime(2026, 1, 2, tzinfo=UTC), code=None)
        log("broken", level=logging.ERROR)
    assert caplog.messages == [
        'parked {"at": "2026-01-02 00:00:00+00:00", "code": null, "id": "x"}',
        "broken {}",
    ]
    assert [record.levelno for record in caplog.records] == [logging.INFO, logging.ERROR]


def test_a_line_cannot_be_forged(caplog: pytest.LogCaptureFixture) -> None:
    """A line break in a field stays inside its line."""
    with caplog.at_level(logging.INFO, "switchboard"):
        log("reported", status='x\nparked {"id": "forged"}')
    assert caplog.messages[0].count("\n") == 0
    assert json.loads(caplog.messages[0].removeprefix("reported "))["status"].startswith("x\n")


def test_an_error_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """Its kind and place are there; its text may hold somebody's number."""
    number = "+14155552671"
    try:
        dict[str, str]()[number]
    except KeyError as error:
        log_error("failed", error, id="x")
    (line,) = caplog.messages
    assert "KeyError" in line
    assert "test_log.py" in line
    assert number not in line
