"""Run benchmarks in their order, and write their tables and plots."""

import argparse
import asyncio
import logging
import os
import platform
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from dev.bench.figures import FOLDER, Comparison, Result, Run, read_runs, write_runs
from dev.bench.plots import draw
from dev.bench.report import PAGE, page
from dev.bench.runs import FULL, CannotRunError, Size
from dev.errors import CommandError
from dev.terminal import GREEN, RED, YELLOW, Terminal, terminal_on

NAMES: Final = (
    "start", "webhook", "drain", "bulk", "accept", "status", "cost", "lanes", "release", "grow",
    "find", "peers"
)  # fmt: skip

Benchmark = Callable[[Size], Coroutine[Any, Any, Result]]


def find_benchmark(name: str) -> Benchmark:
    """Return the function of that name in the module of that name."""
    function: Benchmark = getattr(import_module(f"dev.bench.{name}"), name)
    return function


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags."""
    parser = argparse.ArgumentParser(prog="python3 dev bench", description=__doc__)
    add = parser.add_argument
    add("names", nargs="*", metavar="name", help=f"all unless named: {', '.join(NAMES)}")
    add("--strict", action="store_true", help="fail where an aim is missed")
    add("--rounds", type=int, default=FULL.rounds, help=f"pairs of runs ({FULL.rounds})")
    add("--part", type=float, default=1.0, help="share of the full numbers, such as 0.1")
    add("--out", type=Path, default=FOLDER, help="where tables and plots go (docs/bench)")
    flags = parser.parse_args(arguments)
    if unknown := ", ".join(sorted(set(flags.names) - set(NAMES))):
        raise CommandError(f"there is no benchmark {unknown}", f"choose from: {', '.join(NAMES)}")
    return flags


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; gives 1 where `--strict` and an aim was missed."""
    flags, out = read_flags(arguments), terminal_on()
    logging.getLogger("switchboard").setLevel(logging.CRITICAL)
    flags.out.mkdir(parents=True, exist_ok=True)
    size = Size(flags.rounds, flags.part)
    missed = False
    for name in flags.names or NAMES:
        try:
            run = measure(name, size)
        except CannotRunError as error:
            out.item(name, f"skipped: {error}", YELLOW)
            continue
        show(run, out)
        save(run, flags.out)
        missed |= not all(each.is_met for each in run.result.comparisons)
    out.item("written", str(flags.out / PAGE))
    return 1 if missed and flags.strict else 0


def measure(name: str, size: Size) -> Run:
    """Run one benchmark; raises CannotRunError where the machine lacks what it needs."""
    began, load = time.monotonic(), os.getloadavg()[0]
    result: Result = asyncio.run(find_benchmark(name)(size))
    return Run(
        result=result,
        at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        machine=describe_machine(),
        load=load,
        seconds=time.monotonic() - began,
    )


def describe_machine() -> str:
    """Return the processor, the number of its cores, and the Python."""
    file = Path("/proc/cpuinfo")
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    match = re.search(r"model name\s*: (.*)", text)
    model = match[1] if match else platform.machine()
    python = platform.python_version()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {python}"


def save(run: Run, folder: Path) -> None:
    """Write the run beside those of the other benchmarks, and its page and plot."""
    runs = {**read_runs(folder), run.result.name: run}
    ordered: Mapping[str, Run] = {name: runs[name] for name in NAMES if name in runs}
    write_runs(folder, dict(ordered))
    draw(run.result, folder)
    (folder / PAGE).write_text(page(ordered), encoding="utf-8")


def show(run: Run, out: Terminal) -> None:
    """Show the ratios on the terminal."""
    for each in run.result.comparisons:
        out.item(run.result.name, line(each), GREEN if each.is_met else RED)


def line(each: Comparison) -> str:
    """Return a ratio as a line of text."""
    aim = "" if each.aim is None else f"  (aim {each.aim.bound} {each.aim.ratio:g})"
    return f"{each.ratio:6.2f} times{aim}  {each.what}, against {each.against}"
