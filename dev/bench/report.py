"""Write docs/bench/README.md: every figure, its baseline, its aim, and how much it varied."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from dev.bench.figures import Comparison, Result, Run, Table

PAGE: Final = "README.md"
INTRODUCTION: Final = """\
# What Switchboard costs

Written by `python3 dev bench`, which measures everything again; `python3 dev bench drain` measures
one benchmark. Every figure is the ratio of a candidate to a baseline that alternated with it, so
that what disturbs one disturbs the other. The ratio is the median of the rounds; the brackets hold
the middle half of the rounds (all of them where there are fewer than four). An aim that is missed
is shown as missed; with `--strict` the command fails then.

Nothing here ran in Azure: the storage is Azurite, and Twilio a server on the same machine that
answers after a fixed delay, so that client, storage and Twilio share the cores. Compare the ratios;
the absolute figures belong to this machine.
"""


def page(runs: Mapping[str, Run]) -> str:
    """Return the page of these runs."""
    blocks = [INTRODUCTION, "\n".join(_summary(runs)), "\n".join(_conditions(runs))]
    blocks += ["\n".join(_section(run.result)) for run in runs.values()]
    return "\n".join(blocks).rstrip() + "\n"


def _summary(runs: Mapping[str, Run]) -> Iterator[str]:
    rows = [
        [f"[{name}](#{name})", each.what, each.against, _ratio(each), _aim(each)]
        for name, run in runs.items()
        for each in run.result.comparisons
    ]
    yield from table(["", "measured", "baseline", "ratio", "aim"], rows)
    yield ""


def _conditions(runs: Mapping[str, Run]) -> Iterator[str]:
    yield "## Machine and noise\n"
    yield (
        "`load` is how many other programs wanted a core when the run began; `baseline varied` is "
        "the greatest of a baseline's rounds divided by its smallest. Where that is far from 1, "
        "others were using the machine.\n"
    )
    rows = [
        [name, run.at, run.machine, f"{run.load:.1f}", f"{_noise(run.result):.2f}",
         f"{run.seconds:.0f} s"]
        for name, run in runs.items()
    ]  # fmt: skip
    yield from table(["", "when", "machine", "load", "baseline varied", "took"], rows)
    yield ""


def _noise(result: Result) -> float:
    spans = [[first for first, _ in each.pairs] for each in result.comparisons]
    return max((max(span) / min(span) for span in spans), default=1.0)


def _section(result: Result) -> Iterator[str]:
    yield f"## {result.name}\n"
    yield f"{result.measures[:1].upper()}{result.measures[1:]}. {result.how}\n"
    if result.comparisons:
        head = ["measured", "baseline", "unit", "measured", "baseline", "ratio", "aim"]
        yield from table(head, [_row(each) for each in result.comparisons])
        yield ""
        yield f"![{result.measures}]({result.name}.png)\n"
    for each in result.tables:
        yield from _format_table(each)


def _format_table(each: Table) -> Iterator[str]:
    yield f"**{each.title}**\n"
    yield from table(each.head, each.rows)
    yield ""


def _row(each: Comparison) -> list[str]:
    middle = [f"{median(side):.4g}" for side in zip(*each.pairs, strict=True)]
    return [each.what, each.against, each.unit, middle[1], middle[0], _ratio(each), _aim(each)]


def _ratio(each: Comparison) -> str:
    low, high = each.spread
    return f"**{each.ratio:.2f}** ({low:.2f} to {high:.2f})"


def _aim(each: Comparison) -> str:
    if each.aim is None:
        return ""
    return f"{each.aim.bound} {each.aim.ratio:g}, {'met' if each.is_met else 'missed'}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table in Markdown."""
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |"
