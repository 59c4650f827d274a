"""The result of a benchmark: pairs of measurements, their ratio, and its aim."""

from pathlib import Path
from statistics import median, quantiles
from typing import Final, Literal

import msgspec

from dev.checkout import HERE

FOLDER: Final = HERE.root / "docs" / "bench"
FILE: Final = "figures.json"
MIN_FOR_QUARTILES: Final = 4


class Aim(msgspec.Struct, frozen=True):
    """The bound that a ratio should keep."""

    bound: Literal["≥", "≤"]
    ratio: float

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio keeps the bound."""
        return ratio >= self.ratio if self.bound == "≥" else ratio <= self.ratio


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate and its baseline in the same unit; `pairs` are (baseline, candidate)."""

    what: str
    against: str
    unit: str
    pairs: list[tuple[float, float]]
    aim: Aim | None = None

    @property
    def ratios(self) -> list[float]:
        """Candidate divided by baseline, pair by pair."""
        return [candidate / baseline for baseline, candidate in self.pairs]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """The bounds of the middle half of the ratios; of all of them where there are few."""
        if len(self.pairs) < MIN_FOR_QUARTILES:
            return min(self.ratios), max(self.ratios)
        low, _, high = quantiles(self.ratios, n=4)
        return low, high

    @property
    def is_met(self) -> bool:
        """Whether the aim is reached; true where there is none."""
        return self.aim is None or self.aim.is_met(self.ratio)


class Table(msgspec.Struct, frozen=True):
    """Figures that are not ratios."""

    title: str
    head: list[str]
    rows: list[list[str]]


class Curve(msgspec.Struct, frozen=True):
    """Points for a plot."""

    name: str
    x: list[float]
    y: list[float]


class Plot(msgspec.Struct, frozen=True):
    """Curves with common axes."""

    x: str
    y: str
    curves: list[Curve]
    log: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one benchmark measured; `how` describes the method."""

    name: str
    measures: str
    how: str
    comparisons: list[Comparison] = []
    tables: list[Table] = []
    plot: Plot | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A result, and the machine and its load at that time."""

    result: Result
    at: str
    machine: str
    load: float
    seconds: float


def read_runs(folder: Path) -> dict[str, Run]:
    """Read the newest run of each benchmark from a folder."""
    path = folder / FILE
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Run]) if path.exists() else {}


def write_runs(folder: Path, runs: dict[str, Run]) -> None:
    """Write the runs into a folder."""
    text = msgspec.json.format(msgspec.json.encode(runs), indent=1)
    (folder / FILE).write_bytes(text + b"\n")
