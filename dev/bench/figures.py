"""What a benchmark found: pairs of measurements, their ratio, and the aim that it is held to."""

from pathlib import Path
from statistics import median, quantiles
from typing import Final, Literal

import msgspec

from dev.checkout import HERE

FOLDER: Final = HERE.root / "docs" / "bench"
FILE: Final = "figures.json"
FEWEST_FOR_QUARTILES: Final = 4


class Aim(msgspec.Struct, frozen=True):
    """Where a ratio should be."""

    bound: Literal["≥", "≤"]
    ratio: float

    def is_met(self, ratio: float) -> bool:
        """Whether a ratio is on the right side."""
        return ratio >= self.ratio if self.bound == "≥" else ratio <= self.ratio


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate beside its baseline, in the same unit; `pairs` are (baseline, candidate)."""

    what: str
    against: str
    unit: str
    pairs: list[tuple[float, float]]
    aim: Aim | None = None

    @property
    def ratios(self) -> list[float]:
        """Candidate by baseline, turn by turn."""
        return [candidate / baseline for baseline, candidate in self.pairs]

    @property
    def ratio(self) -> float:
        """The middle one."""
        return median(self.ratios)

    @property
    def spread(self) -> tuple[float, float]:
        """Between which ratios the middle half lies; all of them where there are few."""
        if len(self.pairs) < FEWEST_FOR_QUARTILES:
            return min(self.ratios), max(self.ratios)
        low, _, high = quantiles(self.ratios, n=4)
        return low, high

    @property
    def is_met(self) -> bool:
        """Whether the aim is reached; true where there is none."""
        return self.aim is None or self.aim.is_met(self.ratio)


class Table(msgspec.Struct, frozen=True):
    """Figures that are no ratio."""

    title: str
    head: list[str]
    rows: list[list[str]]


class Curve(msgspec.Struct, frozen=True):
    """Points for a plot."""

    name: str
    x: list[float]
    y: list[float]


class Plot(msgspec.Struct, frozen=True):
    """Curves in one frame; without any, the benchmark's ratios are drawn."""

    x: str
    y: str
    curves: list[Curve]
    log: bool = False


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one benchmark found; `known` are figures that others reckon with."""

    name: str
    measures: str
    how: str
    comparisons: list[Comparison] = []
    tables: list[Table] = []
    plot: Plot | None = None
    known: dict[str, float] = {}


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A result, and what the machine was doing meanwhile."""

    result: Result
    at: str
    machine: str
    load: float
    seconds: float


def read(folder: Path) -> dict[str, Run]:
    """The newest run of each benchmark, as they are kept in a folder."""
    path = folder / FILE
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Run]) if path.exists() else {}


def write(folder: Path, runs: dict[str, Run]) -> None:
    """Keep the runs."""
    text = msgspec.json.format(msgspec.json.encode(runs), indent=1)
    (folder / FILE).write_bytes(text + b"\n")
