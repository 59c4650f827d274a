"""`python3 dev check`: lint, format, types, and documents that are in step with the code."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from dev import docs_in_step
from dev.checkout import HERE
from dev.terminal import GREEN, RED, Terminal, terminal_on

PROGRAMS: Mapping[str, Sequence[str]] = {
    "lint": ("ruff", "check", "--quiet", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy", "--no-error-summary"),
}


def main(_arguments: list[str]) -> int:
    """Run every check, also after one that failed; gives 0 when all are content."""
    out = terminal_on()
    results = [run_program(name, program, out) for name, program in PROGRAMS.items()]
    found = docs_in_step.complaints(HERE)
    results.append(report("docs", "\n".join(found), out, failed=bool(found)))
    return 0 if all(results) else 1


def run_program(name: str, program: Sequence[str], out: Terminal) -> bool:
    """Run one program of the environment on the checkout and report it."""
    out.status(name, "…") if out.live else None
    began = time.monotonic()
    command = [sys.executable, "-m", *program]
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


def report(name: str, said: str, out: Terminal, *, failed: bool, took: str = "") -> bool:
    """Show one line for a check that is content, and everything it said for one that is not."""
    out.item(name, f"failed  {took}" if failed else f"ok  {took}", RED if failed else GREEN)
    if failed:
        out.line(said.rstrip())
    return not failed
