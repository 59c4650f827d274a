"""A program and every process that it starts: what they use, and their sudden end.

They are found by their session in /proc, which Linux has.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.checkout import HERE
from dev.servers import log_of

PROC: Final = Path("/proc")
GRACE_SECONDS: Final = 10
# The fields of /proc/PID/stat behind the name of the program.
SESSION: Final = 3
TIMES: Final = slice(11, 15)  # user and system, its own and those of children that ended


@dataclass(frozen=True)
class Usage:
    """What the processes used so far: processor time, and the peaks of their memory summed.

    Memory that processes share is counted in each.
    """

    seconds: float
    peak_bytes: int


class WorkerProcess:
    """Runs `python …` in a session of its own; its output goes to a file in .dev/log/."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        typed: str = "",
    ) -> None:
        """`typed` is its standard input."""
        self._log = log_of(f"bench-{name}")
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("w") as log:
            self._running = subprocess.Popen(
                [sys.executable, *command],
                cwd=HERE.root,
                env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self._running.stdin is not None  # noqa: S101 - tells mypy about PIPE
        self._running.stdin.write(typed)
        self._running.stdin.close()

    def require_running(self) -> None:
        """Raise RuntimeError where it has ended by itself."""
        if (status := self._running.poll()) is not None:
            said = self._log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"{self._running.args!r} ended with status {status}:\n{said}")

    def pids(self) -> list[int]:
        """Return its processes, without those that have ended and that nobody has asked about."""
        return [int(process.name) for process, fields in self._processes() if fields[0] != "Z"]

    def usage(self) -> Usage:
        """Return what its processes used so far."""
        ticks = os.sysconf("SC_CLK_TCK")
        seconds, peak = 0.0, 0
        for process, fields in self._processes():
            seconds += sum(map(int, fields[TIMES])) / ticks
            with suppress(OSError):
                status = (process / "status").read_text()
                if match := re.search(r"VmHWM:\s+(\d+) kB", status):
                    peak += int(match[1]) * 1024
        return Usage(seconds, peak)

    def kill(self) -> None:
        """Kill all of its processes at once, as the end of a machine does."""
        while pids := self.pids():
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                self._running.wait(0.1)
        self._running.wait()

    def stop(self) -> None:
        """Ask it to stop, and kill what is left of it."""
        self._running.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._running.wait(GRACE_SECONDS)
        self.kill()

    def _processes(self) -> Iterator[tuple[Path, list[str]]]:
        """Yield the folder of each process of the session, and the fields of its `stat`."""
        for process in PROC.glob("[0-9]*"):
            with suppress(OSError):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if int(fields[SESSION]) == self._running.pid:
                    yield process, fields


@contextmanager
def worker_process(
    name: str, command: Sequence[str], environment: Mapping[str, str], typed: str = ""
) -> Iterator[WorkerProcess]:
    """Run a worker until the block ends."""
    worker = WorkerProcess(name, command, environment, typed)
    try:
        yield worker
    finally:
        worker.stop()
