"""It is quiet where the recipient is, as far as the number tells."""

import zoneinfo
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from shared.deliver.guards import Sending
from shared.deliver.quiet_hours import QuietHours, over_at
from shared.jobs.events import Outcome
from shared.provider.provider import SendRequest
from tests.environment import settings

NIGHT = (time(21), time(8))
BERLIN, NEW_YORK, CHICAGO = "Europe/Berlin", "America/New_York", "America/Chicago"
AMERICAN, GERMAN, RUSSIAN_MOBILE = "+12125551234", "+493012345678", "+79161234567"
TOLL_FREE = "+18005551212"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zones", "hours", "at", "over"),
    [
        ([BERLIN], NIGHT, "2026-11-21T12:00", "2026-11-21T12:00"),
        ([BERLIN], NIGHT, "2026-11-21T20:00", "2026-11-22T07:00"),
        ([BERLIN], NIGHT, "2026-11-22T06:59", "2026-11-22T07:00"),
        ([BERLIN], NIGHT, "2026-11-22T07:00", "2026-11-22T07:00"),
        ([BERLIN], (time(1), time(5)), "2026-11-22T01:00", "2026-11-22T04:00"),
        ([BERLIN], (time(1), time(5)), "2026-11-22T23:59", "2026-11-22T23:59"),
        ([NEW_YORK, CHICAGO], NIGHT, "2026-11-21T13:30", "2026-11-21T14:00"),
        ([NEW_YORK, CHICAGO], NIGHT, "2026-11-22T02:30", "2026-11-22T14:00"),
        ([BERLIN], NIGHT, "2026-10-24T20:00", "2026-10-25T07:00"),
        ([BERLIN], NIGHT, "2026-03-28T21:00", "2026-03-29T06:00"),
        ([BERLIN], (time(1), time(2, 30)), "2026-03-29T00:30", "2026-03-29T01:30"),
        ([BERLIN], (time(1), time(2, 30)), "2026-10-25T00:10", "2026-10-25T00:30"),
        ([BERLIN], (time(1), time(2, 30)), "2026-10-25T01:10", "2026-10-25T01:10"),
    ],
)
def test_when_quiet_ends(zones: list[str], hours: tuple[time, time], at: str, over: str) -> None:
    """Quiet lasts until its end in every zone, over midnight, and over both changes of clocks."""
    assert over_at(zones, hours, utc(at)) == utc(over)


def test_zones_can_leave_no_time() -> None:
    """With but an hour left in a day, two zones an hour apart are never both awake."""
    hours = (time(9), time(8))
    assert over_at([NEW_YORK, CHICAGO], hours, utc("2026-11-21T12:00")) is None


ZONES = sorted({zone for zones in TIMEZONE_DATA.values() for zone in zones})
TIMES = st.times().map(lambda each: each.replace(second=0, microsecond=0))
MOMENTS = st.integers(0, 366 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@given(st.lists(st.sampled_from(ZONES), min_size=1, max_size=4), TIMES, TIMES, MOMENTS)
def test_the_end_of_quiet_is_not_quiet(
    zones: list[str], begin: time, end: time, at: datetime
) -> None:
    """Whatever the zones and hours, the moment found is not past and is its own answer."""
    if begin != end and (over := over_at(zones, (begin, end), at)):
        assert at <= over <= at + timedelta(hours=50)
        assert over_at(zones, (begin, end), over) == over


def test_every_zone_of_the_numbering_plans_is_known() -> None:
    """The time zone database has each zone that a number can tell."""
    assert set(ZONES) <= zoneinfo.available_timezones()


async def held(
    to: str, at: str, *, sender: str = "+15005550006", kind: str = "message", **changes: str
) -> Outcome | None:
    """What becomes of a send."""
    configured = settings(**{"QUIET_HOURS": "21:00-08:00", **changes})
    assert configured.quiet_hours is not None
    guard = QuietHours(configured, configured.quiet_hours)
    order = SendRequest(kind="call" if kind == "call" else "message", to=to, sender=sender)
    return await guard(Sending(request=order, job_id="job", index=3, at=utc(at)))


@pytest.mark.parametrize("kind", ["message", "call"])
async def test_held_until_morning(kind: str) -> None:
    """By night in New York a New Yorker's message or call is held until 8 o'clock there."""
    outcome = await held(AMERICAN, "2026-11-22T03:00", kind=kind)
    assert outcome is not None
    assert (outcome.index, outcome.result, outcome.code) == (3, "retryable", "quiet_hours")
    assert outcome.not_before == utc("2026-11-22T13:00")
    assert await held(AMERICAN, "2026-11-21T20:00", kind=kind) is None


async def test_refused_where_the_settings_say_so() -> None:
    """With the action `refuse` a send by night is refused for good."""
    outcome = await held(AMERICAN, "2026-11-22T03:00", QUIET_HOURS_ACTION="refuse")
    assert outcome is not None
    assert (outcome.result, outcome.code, outcome.not_before) == ("rejected", "quiet_hours", None)
    assert outcome.message == "it is quiet there from 21:00 to 08:00"


@pytest.mark.parametrize(
    ("to", "changes", "over"),
    [
        (f"whatsapp:{AMERICAN}", {}, "2026-11-22T13:00"),
        ("+18762101234", {"sender": GERMAN}, "2026-11-22T13:00"),
        ("+16847331234", {"sender": GERMAN, "QUIET_HOURS": "15:00-08:00"}, "2026-11-22T19:00"),
        (TOLL_FREE, {"sender": GERMAN}, "2026-11-22T07:00"),
        ("client:alice", {"sender": f"whatsapp:{GERMAN}"}, "2026-11-22T07:00"),
        ("sip:alice@example.com", {"sender": "MG" + "0" * 32, "TWILIO_FROM_NUMBER": GERMAN},
         "2026-11-22T07:00"),
        (TOLL_FREE, {"sender": "ACME"}, "2026-11-22T08:00"),
        (TOLL_FREE, {"sender": "ACME", "TWILIO_FROM_NUMBER": "",
                     "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32}, "2026-11-22T08:00"),
        (RUSSIAN_MOBILE, {"sender": GERMAN}, "2026-11-22T07:00"),
        ("+18505551234", {"sender": GERMAN, "QUIET_HOURS": "09:00-08:00"}, "2026-11-22T13:00"),
        ("+61412345678", {"QUIET_HOURS": "09:00-08:00"}, "2026-11-22T08:00"),
    ],
)  # fmt: skip
async def test_whose_zone_counts(to: str, changes: dict[str, str], over: str) -> None:
    """The recipient's zones where the number tells them, else the sender's, else UTC."""
    outcome = await held(to, "2026-11-22T05:30", **changes)
    assert outcome is not None
    assert outcome.not_before == utc(over)
