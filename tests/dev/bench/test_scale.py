"""What a day needs: the reckoning, the simulation of it, and the page that shows both."""

import pytest

from dev.bench import scale
from dev.bench.scale import ACCOUNT, INSTANCES, PARTITION, reckoned, simulated, ways

COSTS = {
    "core_seconds_per_callback": 0.001,
    "core_seconds_per_recipient": 0.001,
    "core_seconds_per_single": 0.002,
    "executions_per_recipient": 0.015,
    "executions_per_single": 2,
    "rows_per_recipient": 0.03,
    "rows_per_single": 3,
    "transactions_per_recipient": 0.06,
    "transactions_per_single": 5.5,
}


def test_needs_grow_with_the_rate() -> None:
    """Ten times the messages need ten times of everything."""
    single, _ = ways(COSTS)
    one, ten = reckoned(single, 10), reckoned(single, 100)
    assert [ten.of(limit) for limit in scale.LIMITS] == pytest.approx(
        [10 * one.of(limit) for limit in scale.LIMITS]
    )


def test_the_simulation_agrees_with_the_reckoning() -> None:
    """Chance adds to the busiest second, by no more than a few of its own widths."""
    for way in ways(COSTS):
        plain = reckoned(way, 1000)
        chance, wait = simulated(way, 1000)
        for limit in (ACCOUNT, PARTITION, INSTANCES):
            assert 0.95 * plain.of(limit) <= chance.of(limit) <= 1.6 * plain.of(limit) + 1
        assert wait < 10


def test_the_same_hour_every_time() -> None:
    """The simulation draws the same chances, so the page does not change by itself."""
    single, _ = ways(COSTS)
    assert simulated(single, 500) == simulated(single, 500)


def test_every_figure_that_is_needed_is_named() -> None:
    """Nothing is reckoned with that the benchmarks do not find."""
    assert scale.tables(COSTS)
    assert COSTS.keys() == scale.NEEDED
