"""Draw a PNG for each benchmark: its curves, or its ratios and their aims."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dev.bench.figures import Comparison, Plot, Result

WIDTH, HEIGHT, DPI = 8.0, 3.6, 110
MET, MISSED, PLAIN = "#2a7f4f", "#b3402f", "#4a6fa5"


def draw(result: Result, folder: Path) -> None:
    """Draw a result into `<name>.png`; nothing without curves and ratios."""
    if result.plot is None and not result.comparisons:
        return
    height = HEIGHT if result.plot else 1.2 + 0.6 * len(result.comparisons)
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(result.measures, fontsize=10)
    if result.plot:
        _curves(axes, result.plot)
    else:
        _ratios(axes, result.comparisons)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(folder / f"{result.name}.png", metadata={"Software": None})


def _curves(axes: Axes, plot: Plot) -> None:
    for curve in plot.curves:
        axes.plot(curve.x, curve.y, marker="." if len(curve.x) < DPI else None, label=curve.name)
    axes.set_xlabel(plot.x)
    axes.set_ylabel(plot.y)
    if plot.log:
        axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)


def _ratios(axes: Axes, comparisons: list[Comparison]) -> None:
    for place, each in enumerate(reversed(comparisons)):
        low, high = each.spread
        colour = PLAIN if each.aim is None else MET if each.is_met else MISSED
        axes.barh(place, each.ratio, color=colour, height=0.55)
        axes.plot([low, high], [place, place], color="black", linewidth=1.5)
        if each.aim is not None:
            axes.plot([each.aim.ratio] * 2, [place - 0.4, place + 0.4], "k--", linewidth=1)
    axes.set_yticks(range(len(comparisons)), [each.what for each in reversed(comparisons)])
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("ratio to the baseline (line: middle half of the rounds; dashed: aim)")
