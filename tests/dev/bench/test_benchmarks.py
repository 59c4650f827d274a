"""Each benchmark at a size at which only its workings show: no time is judged."""

import math
from pathlib import Path

import pytest

from dev.azurite import is_installed
from dev.bench import command
from dev.bench.figures import read_runs
from dev.bench.runs import Size

pytestmark = pytest.mark.slow

TINY = Size(rounds=1, part=0.005)
STANDS_ALONE = {"start", "webhook", "find"}
needs_storage = pytest.mark.skipif(
    not is_installed(), reason="Azurite is not installed: `python3 dev test` does that"
)
BENCHMARKS = [
    pytest.param(name, marks=() if name in STANDS_ALONE else needs_storage)
    for name in command.NAMES
    if name != "peers"  # starts so many programs that it has a test of its own
]


# The twilio library's own client, which is a baseline, uses what aiohttp will drop.
@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_measures_both_sides(name: str, tmp_path: Path) -> None:
    """It ends, has a ratio for every aim, and its page and plot are written."""
    run = command.measure(name, TINY)
    sides = [side for each in run.result.comparisons for pair in each.pairs for side in pair]
    assert sides
    assert all(math.isfinite(side) and side > 0 for side in sides)
    command.save(run, tmp_path)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert f"## {name}" in (tmp_path / "README.md").read_text()
    assert read_runs(tmp_path) == {name: run}
    if name == "cost":  # counted, so it is the same on every machine
        single = {name: float(count) for name, count, _ in run.result.tables[0].rows}
        assert (single["table: insert"], single["table: transaction"]) == (1, 2)
        assert single["function executions"] == 2
        assert all(each.is_met for each in run.result.comparisons)
