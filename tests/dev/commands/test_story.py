"""What the app logs becomes one line for each thing that happens."""

import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from dev.story import MAX_REMEMBERED, Story, app_lines
from dev.terminal import Terminal

AT = datetime(2026, 11, 30, 18, 25, 45, tzinfo=UTC)
ID = "zbpne05h2zphestvtaw1ar"
TO = "+1415•••0155"


class Clock:
    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def story(terminal: Terminal, clock: Clock) -> Story:
    return Story(terminal, clock, simulated=True)


def logged(event: str, level: str = "INFO", /, **fields: object) -> str:
    """Return a line as the host prints it."""
    prefix = f"2026-11-30 18:25:45,120 {level} switchboard: "
    return f"{prefix}{event} {json.dumps(fields, sort_keys=True)}"


def attempt(result: str, **more: object) -> str:
    known = {"id": ID, "index": 0, "kind": "message", "to": TO, "delay_seconds": 0.1}
    return logged("attempt", result=result, **{**known, **more})


def test_a_text_is_one_line_when_it_is_delivered(story: Story, clock: Clock) -> None:
    """Acceptance, attempt and the reports on the way are silent; the last says how long it took."""
    assert story(logged("accepted", id=ID, kind="message", count=1, source="http")) is None
    assert story(attempt("sent")) is None
    assert story(logged("reported", id=ID, index=0, status="sent", sid="SM1")) is None
    clock.now += timedelta(seconds=0.4)
    delivered = logged("reported", id=ID, index=0, status="delivered", sid="SM1")
    assert story(delivered) == f"18:25:45  text  {TO}  delivered 0.5 s  {ID}"


def test_a_report_on_the_only_recipient_has_no_index(story: Story) -> None:
    """The app logs null there; the line names the person and the time all the same."""
    story(attempt("sent"))
    line = story(logged("reported", id=ID, index=None, status="delivered", sid="SM1"))
    assert line == f"18:25:45  text  {TO}  delivered 0.1 s  {ID}"


def test_a_doubt_has_a_line_when_it_begins_and_one_when_it_ends(story: Story) -> None:
    """What the app looks at in between is silent, and so is a second word for the lost answer."""
    assert "in doubt" in str(story(attempt("unknown", code="no_answer")))
    unreachable = logged("provider_unreachable", "WARNING", id=ID, index=0, code="no_answer")
    assert story(unreachable) is None
    assert story(logged("doubt_unsettled", id=ID, n=1, reason="too_early")) is None
    settled = story(logged("settled", id=ID, n=1, result=["sent"]))
    assert settled == f"18:25:45  text  {TO}  found at Twilio, not sent again  {ID}"


def test_a_doubt_about_several_says_how_many(story: Story) -> None:
    """One line counts what was found and what is tried again."""
    line = story(logged("settled", id=ID, n=1, result=["sent", "not_created", "sent"]))
    what = "2 found at Twilio, not sent again, 1 is tried again"
    assert line == f"18:25:45  batch  {what}  {ID}"


@pytest.mark.parametrize(
    ("event", "fields", "what"),
    [
        ("alert_raised", {"source": "api", "trace": "2f14"}, "raised"),
        ("alert_level", {"n": 1, "index": 0, "round": 1}, "level 1"),
        ("alert_answered", {"how": "acknowledged"}, "acknowledged"),
        ("alert_exhausted", {}, "exhausted"),
    ],
)
def test_an_alert_has_a_line_for_each_step(
    story: Story, event: str, fields: dict[str, object], what: str
) -> None:
    """Levels count from one, as in the console."""
    assert story(logged(event, id=ID, **fields)) == f"18:25:45  alert  {what}  {ID}"


def test_a_refused_client_is_told_what_is_wrong(story: Story) -> None:
    """The app logs nothing of what it was given; the line says what would have fitted."""
    line = story(logged("twilio_client_refused", "WARNING", trace="2f14"))
    assert "a key of CLIENT_KEYS" in str(line)


def test_an_alert_in_trouble_shows_all_that_is_known(story: Story) -> None:
    """A warning is never shortened."""
    line = story(logged("alert_postponed", "WARNING", id=ID, error="no table"))
    assert line == f"18:25:45  alert_postponed  error=no table id={ID}"


def test_a_report_of_something_older_is_told_without_its_time(story: Story) -> None:
    """After a restart a call is known by its SID, not by who was called and when."""
    completed = logged("reported", id=ID, index=0, status="completed", sid="CA1")
    assert story(completed) == f"18:25:45  call  completed  {ID}"


def test_a_real_account_may_never_report(terminal: Terminal, clock: Clock) -> None:
    """Where Twilio is not the simulator, what was handed over is told at once."""
    story = Story(terminal, clock, simulated=False)
    assert story(attempt("sent")) == f"18:25:45  text  {TO}  sent  {ID}"


def test_a_refusal_names_its_code_and_what_to_do(clock: Clock) -> None:
    """It is red, and the app's own advice for the code stands beside it."""
    story = Story(Terminal(io.StringIO(), live=True, colour=True), clock, simulated=True)
    line = story(attempt("rejected", code="21610"))
    assert line
    assert "\x1b[31mrejected\x1b[0m  21610: " in line
    assert "They can text START" in line


@pytest.mark.parametrize(
    ("result", "what"),
    [("retryable", "is tried again"), ("not_created", "is tried again"), ("unknown", "in doubt")],
)
def test_what_is_not_settled_is_said(story: Story, result: str, what: str) -> None:
    """A code that nobody knows stands alone."""
    assert story(attempt(result, code="99999")) == f"18:25:45  text  {TO}  {what}  99999  {ID}"


def test_a_guard_that_stops_a_send_is_said(story: Story) -> None:
    """A send that never reached Twilio has its line, too."""
    line = story(logged("guarded", id=ID, index=0, code="daily_cap", result="rejected"))
    assert line
    assert line.startswith("18:25:45  send  rejected  daily_cap: the day's limit")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"what": "message", "from": "+1415•••2671"}, "← text from +1415•••2671  SM1"),
        ({"what": "call"}, "← call  SM1"),
        ({"what": "opt_out"}, "← opt_out  SM1"),
    ],
)
def test_what_comes_in_has_an_arrow(story: Story, fields: dict[str, str], line: str) -> None:
    """Texts, calls and the rest are named; the sender too, where the log has it."""
    assert story(logged("inbound", sid="SM1", **fields)) == f"18:25:45  {line}"


def test_a_batch_is_one_line(story: Story) -> None:
    """It says for how many."""
    line = story(logged("accepted", id=ID, kind="message", count=3, source="batch"))
    assert line == f"18:25:45  batch  3 recipients  {ID}"


def test_the_rest_is_shown_by_its_name(story: Story) -> None:
    """An event that is rare is shown with its fields; one that timers log all day is not."""
    parked = story(logged("parked", id=ID, code="not_json"))
    assert parked == f"18:25:45  parked  code=not_json id={ID}"
    assert story(logged("queue_watched", queue="outbound", length=0)) is None


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("accept_call: httpTrigger POST /api/calls (function)", False),
        ("2026-11-30 18:25:45,120 INFO dev.host: polling", False),
        ("2026-11-30 18:25:45,120 WARNING dev.host: no answer", True),
        ("Traceback (most recent call last):", True),
        ("breakpoint at shared/log.py:12: no debugger is attached", True),
        ("attempt {not json}", True),
    ],
)
def test_other_lines(story: Story, line: str, *, shown: bool) -> None:
    """The table of triggers and routine lines are left out; whatever is wrong is not."""
    assert story(line) == (f"host      │ {line}" if shown else None)


def test_json_is_the_apps_own_line() -> None:
    """With --json a log line is as the app wrote it; routine is left out, a traceback is not."""
    assert app_lines(logged("cancel", id="a", won=True)) == 'cancel {"id": "a", "won": true}'
    assert app_lines("2026-11-30 18:25:45,120 INFO dev.host: polling") is None
    assert app_lines("Traceback (most recent call last):") == "Traceback (most recent call last):"


def test_what_is_remembered_has_a_limit(story: Story) -> None:
    """A run that sends for days does not grow."""
    for index in range(MAX_REMEMBERED + 1):
        story(attempt("sent", index=index))
    last = logged("reported", id=ID, index=MAX_REMEMBERED, status="delivered", sid="SM1")
    first = logged("reported", id=ID, index=0, status="delivered", sid="SM1")
    assert TO in str(story(last))
    assert TO not in str(story(first))
