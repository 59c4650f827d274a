"""Run a Python module as a program of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from dev.checkout import HERE
from dev.servers import log_of


@contextmanager
def program(
    module: str, *flags: str, ready: str, environment: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run `python -m module`; the block begins once it has written the pattern `ready`.

    Its standard error goes to a file in .dev/log/.
    """
    log = log_of(f"bench-{module.rpartition('.')[2]}")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as errors:
        running = subprocess.Popen(
            [sys.executable, "-m", module, *flags],
            cwd=HERE.root,
            env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            _wait_for(running, ready)
            yield running
        finally:
            running.terminate()
            running.communicate()


def _wait_for(running: "subprocess.Popen[str]", ready: str) -> None:
    assert running.stdout is not None  # noqa: S101 - tells mypy about PIPE
    lines = []
    for line in running.stdout:
        if re.search(ready, line):
            return
        lines.append(line)
    said = "".join(lines)
    raise RuntimeError(f"{running.args!r} ended before it was ready; see .dev/log/\n{said}")
