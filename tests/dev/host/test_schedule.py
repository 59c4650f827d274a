from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.host.schedule import parse

NEXT = [  # after Wednesday 2025-01-15 10:20:30 UTC
    ("* * * * * *", "2025-01-15 10:20:31"),
    ("0 */5 * * * *", "2025-01-15 10:25:00"),
    ("*/5 * * * *", "2025-01-15 10:25:00"),
    ("30 20 10 * * *", "2025-01-16 10:20:30"),
    ("0 0 * * * *", "2025-01-15 11:00:00"),
    ("0 30 9 * * *", "2025-01-16 09:30:00"),
    ("0 0 9-17/4 * * *", "2025-01-15 13:00:00"),
    ("0 0 0 * * Mon-Fri", "2025-01-16 00:00:00"),
    ("0 0 0 * * 0", "2025-01-19 00:00:00"),
    ("0 0 0 * * Saturday,Sunday", "2025-01-18 00:00:00"),
    ("0 0 0 13 * Fri", "2025-06-13 00:00:00"),
    ("0 0 0 29 2 *", "2028-02-29 00:00:00"),
    ("0 0 0 1 Feb *", "2025-02-01 00:00:00"),
    ("0 0 0 1 3-2 *", "2025-02-01 00:00:00"),
    ("0 20/15 * * * *", "2025-01-15 10:35:00"),
    ("5,45 20 10 * * *", "2025-01-15 10:20:45"),
]


@pytest.mark.parametrize(("expression", "expected"), NEXT)
def test_next_run(expression: str, expected: str) -> None:
    """Each expression gives the next time that it describes."""
    now = datetime(2025, 1, 15, 10, 20, 30, tzinfo=UTC)
    assert parse(expression).after(now).strftime("%Y-%m-%d %H:%M:%S") == expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "* * * *",
        "* * * * * * *",
        "60 * * * * *",
        "* * * 0 * *",
        "* * * * Foo *",
        "*/0 * * * * *",
        "* * * * * 7",
        "1-x * * * * *",
    ],
)
def test_refuses_what_is_not_a_schedule(expression: str) -> None:
    """An expression that is not understood is an error."""
    with pytest.raises(ValueError, match=r"is not a"):
        parse(expression)


def test_refuses_a_day_that_never_comes() -> None:
    """30 February is an error, not a wait without end."""
    never = parse("0 0 0 30 2 *")
    with pytest.raises(ValueError, match="fits no day"):
        never.after(datetime(2025, 1, 1, tzinfo=UTC))


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is added
    st.sampled_from([expression for expression, _ in NEXT]),
)
def test_a_run_is_later_and_none_is_skipped(naive: datetime, expression: str) -> None:
    """The next run is after now, and asking just before it gives the same one."""
    schedule, now = parse(expression), naive.replace(tzinfo=UTC)
    due = schedule.after(now)
    assert due > now
    assert schedule.after(due - timedelta(microseconds=1)) == due
