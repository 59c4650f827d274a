"""The command: which benchmarks, in which order, and what is written down of them."""

import argparse
import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from dev.bench.figures import FOLDER, Comparison, Result, Run, read, write
from dev.bench.machine import machine
from dev.bench.plots import draw
from dev.bench.report import PAGE, page
from dev.bench.turns import FULL, Size
from dev.errors import CommandError
from dev.terminal import GREEN, RED, Terminal, terminal_on

NAMES: Final = ("start", "webhook", "drain", "bulk", "accept", "status", "cost", "lanes", "grow")

Benchmark = Callable[[Size], Coroutine[Any, Any, Result]]


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name: the function of that name in the module of that name."""
    found: Benchmark = getattr(import_module(f"dev.bench.{name}"), name)
    return found


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(prog="python3 dev bench", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="name", help=f"all unless named: {', '.join(NAMES)}")
    add("--strict", action="store_true", help="fail where an aim is missed")
    add("--rounds", type=int, default=FULL.rounds, help=f"pairs of turns ({FULL.rounds})")
    add("--part", type=float, default=1.0, help="so much of the full numbers, such as 0.1")
    add("--out", type=Path, default=FOLDER, help="where tables and plots go (docs/bench)")
    flags = parser.parse_args(arguments)
    if unknown := set(flags.names) - set(NAMES):
        known = ", ".join(NAMES)
        raise CommandError(f"no benchmark {', '.join(sorted(unknown))}", f"choose of: {known}")
    return flags


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; gives 1 where `--strict` and an aim was missed."""
    flags, out = read_flags(arguments), terminal_on()
    logging.getLogger("switchboard").setLevel(logging.CRITICAL)
    flags.out.mkdir(parents=True, exist_ok=True)
    size = Size(flags.rounds, flags.part)
    missed = False
    for name in flags.names or NAMES:
        run = measured(name, size)
        show(run, out)
        keep(run, flags.out)
        missed |= not all(each.is_met for each in run.result.comparisons)
    out.item("written", str(flags.out / PAGE))
    return 1 if missed and flags.strict else 0


def measured(name: str, size: Size) -> Run:
    """Run one benchmark."""
    began, load = time.monotonic(), os.getloadavg()[0]
    result: Result = asyncio.run(benchmark(name)(size))
    return Run(
        result=result,
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=machine(),
        load=load,
        seconds=time.monotonic() - began,
    )


def keep(run: Run, folder: Path) -> None:
    """Write the run beside those of the other benchmarks, and the page and plot of it."""
    runs = {**read(folder), run.result.name: run}
    ordered: Mapping[str, Run] = {name: runs[name] for name in NAMES if name in runs}
    write(folder, dict(ordered))
    draw(run.result, folder)
    (folder / PAGE).write_text(page(ordered), encoding="utf-8")


def show(run: Run, out: Terminal) -> None:
    """Show the ratios on the terminal."""
    for each in run.result.comparisons:
        out.item(run.result.name, line(each), GREEN if each.is_met else RED)


def line(each: Comparison) -> str:
    """A ratio in words."""
    aim = "" if each.aim is None else f"  (aim {each.aim.bound} {each.aim.ratio:g})"
    return f"{each.ratio:6.2f} times{aim}  {each.what}, against {each.against}"
