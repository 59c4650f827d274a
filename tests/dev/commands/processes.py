"""Looking at processes from outside, and waiting for what they do."""

# ruff: noqa: S603 - starts only our own programs and ps

import subprocess
import time
from collections.abc import Callable

from tests.patience import PATIENCE_SECONDS


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not merely waiting to be buried."""
    ask = ["ps", "-o", "stat=", "-p", str(pid)]
    state = subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


def children_of(pid: int) -> dict[int, str]:
    """Give the processes that one has started, each with its command line."""
    ask = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(pid)]
    lines = subprocess.run(ask, check=False, capture_output=True, text=True).stdout.splitlines()
    return {int(child): arguments for child, arguments in (line.split(None, 1) for line in lines)}


def wait_until(happened: Callable[[], object]) -> None:
    """Poll until something has happened; fails when it does not for a long time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
