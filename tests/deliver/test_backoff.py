"""How long to wait before another attempt."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deliver.backoff import backoff_delay


@pytest.mark.parametrize(
    ("n", "chance", "retry_after", "seconds"),
    [
        (1, 0.0, None, 0),
        (1, 1.0, None, 4),
        (2, 0.5, None, 4),
        (5, 1.0, None, 64),
        (12, 1.0, None, 900),
        (1, 0.5, 30.0, 32),
        (500, 1.0, 3600.0, 4500),
    ],
)
def test_backoff(n: int, chance: float, retry_after: float | None, seconds: float) -> None:
    """It doubles up to fifteen minutes, chance takes its part, Twilio's own word is the least."""
    assert backoff_delay(n, chance, retry_after) == timedelta(seconds=seconds)


@given(st.integers(1, 10_000), st.floats(0, 1), st.none() | st.floats(0, 7200))
def test_backoff_keeps_its_bounds(n: int, chance: float, retry_after: float | None) -> None:
    """Never sooner than Twilio asks, never more than fifteen minutes later."""
    wait = backoff_delay(n, chance, retry_after).total_seconds() - (retry_after or 0)
    assert -1e-6 <= wait <= 900 + 1e-6
