"""The settings of the limits: off unless set, and every mistake in them is named."""

from datetime import time

import pytest

from shared.errors import SettingsError
from tests.environment import settings


def test_limits_are_off_unless_set() -> None:
    """Nothing is capped, paced or quiet by default."""
    plain = settings()
    assert plain.segments_per_second is None
    assert plain.quiet_hours is None
    assert not plain.has_daily_caps
    assert plain.quiet_hours_action == "hold"


@pytest.mark.parametrize(
    ("text", "caps"),
    [
        ("1000", {"": 1000}),
        ("US=1000,FR=50", {"US": 1000, "FR": 50}),
        (" us = 5 , 7 ", {"US": 5, "": 7}),
    ],
)
def test_a_cap_for_countries(text: str, caps: dict[str, int]) -> None:
    """One number is for every country, `US=…` for one, and both can stand together."""
    assert settings(DAILY_CAP_COUNTRY=text).daily_cap_country == caps


@pytest.mark.parametrize(
    "changes",
    [
        {"DAILY_CAP_RECIPIENT": "3"},
        {"DAILY_CAP_COUNTRY": "US=3"},
        {"DAILY_CAP_TOTAL": "3"},
    ],
)
def test_any_cap_makes_sends_be_counted(changes: dict[str, str]) -> None:
    """Each of the caps alone turns counting on."""
    assert settings(**changes).has_daily_caps


@pytest.mark.parametrize(
    ("text", "hours"),
    [("21:00-08:00", (time(21), time(8))), (" 01:30 - 05:00 ", (time(1, 30), time(5)))],
)
def test_quiet_hours(text: str, hours: tuple[time, time]) -> None:
    """Quiet hours are two times of the day, over midnight or not."""
    assert settings(QUIET_HOURS=text).quiet_hours == hours


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SEGMENTS_PER_SECOND", "0"),
        ("SEGMENTS_PER_SECOND", "nan"),
        ("DAILY_CAP_RECIPIENT", "-1"),
        ("DAILY_CAP_COUNTRY", "US"),
        ("DAILY_CAP_COUNTRY", "USA=5"),
        ("DAILY_CAP_COUNTRY", "US=5;FR=6"),
        ("DAILY_CAP_COUNTRY", "US=0"),
        ("DAILY_CAP_TOTAL", "1e6"),
        ("QUIET_HOURS", "21-8"),
        ("QUIET_HOURS", "21:00-24:00"),
        ("QUIET_HOURS", "21:00-21:00"),
        ("QUIET_HOURS", "21:00"),
        ("QUIET_HOURS_ACTION", "wait"),
    ],
)
def test_a_malformed_limit_is_named(name: str, text: str) -> None:
    """A malformed limit is an error with the setting's name."""
    with pytest.raises(SettingsError) as error:
        settings(**{name: text})
    assert [(p.path, p.code) for p in error.value.problems] == [(name, "malformed")]
