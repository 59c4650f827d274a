"""`python3 dev check`: lint, format, types, layers, and documents in step with the code."""

import subprocess
import sys
import time
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev import docs_in_step
from dev.checkout import HERE, Checkout
from dev.terminal import GREEN, RED, Terminal, terminal_on

PROGRAMS: Mapping[str, Sequence[str]] = {
    "lint": ("ruff", "check", "--quiet", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy", "--no-error-summary"),
    "layers": ("lint-imports", "--no-cache"),
}


def main(_arguments: list[str]) -> int:
    """Run every check, also after one that failed; return 0 when all pass."""
    out = terminal_on()
    results = [run_program(name, program, out) for name, program in programs(HERE).items()]
    complaints = docs_in_step.complaints(HERE)
    results.append(report("docs", "\n".join(complaints), out, failed=bool(complaints)))
    return 0 if all(results) else 1


def programs(checkout: Checkout) -> dict[str, Sequence[str]]:
    """Return the program of each check; of layers only where pyproject.toml describes them."""
    pyproject = tomllib.loads((checkout.root / "pyproject.toml").read_text("utf-8"))
    chosen = dict(PROGRAMS)
    if "importlinter" not in pyproject["tool"]:
        del chosen["layers"]
    return chosen


def run_program(name: str, program: Sequence[str], out: Terminal) -> bool:
    """Run one program of the environment on the checkout and report it."""
    out.status(name, "…") if out.live else None
    began = time.monotonic()
    command = [str(Path(sys.executable).with_name(program[0])), *program[1:]]
    result = subprocess.run(
        command,
        cwd=HERE.root,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    took = f"{time.monotonic() - began:.1f} s"
    return report(name, result.stdout, out, failed=result.returncode != 0, took=took)


def report(name: str, output: str, out: Terminal, *, failed: bool, took: str = "") -> bool:
    """Show one line for a check that passes, and the whole output of one that does not."""
    out.item(name, f"failed  {took}" if failed else f"ok  {took}", RED if failed else GREEN)
    if failed:
        out.line(output.rstrip())
    return not failed
