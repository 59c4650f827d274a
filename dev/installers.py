"""Runs uv, pip and npm, shows that they go on, and says why one failed."""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from dev import guard
from dev.errors import CommandError
from dev.terminal import Terminal

LAST_LINES = 8
STATUS_EVERY_SECONDS = 1.0
NEXT = (
    "check the network (or the mirror of pip and npm) and the disk, then repeat the command; log:"
)


@dataclass(frozen=True)
class Program:
    """An installer that was started, and the file that takes its output."""

    label: str
    process: "subprocess.Popen[bytes]"
    log: Path


@dataclass
class Installers:
    """Programs that install, side by side; none of them outlives the `with` block."""

    terminal: Terminal
    logs: Path
    lock: int  # a descriptor that each program inherits
    _programs: list[Program] = field(default_factory=list)

    def start(
        self, label: str, command: Sequence[str], folder: Path, **environment: str
    ) -> Program:
        """Start a program in a folder, with some more variables."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{label}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that the whole group can be stopped
                pass_fds=(self.lock,),
            )
        self._programs.append(program := Program(label, process, log))
        return program

    def finish(self, program: Program) -> None:
        """Wait until a program ends; raises CommandError with the reason when it failed."""
        began = time.monotonic()
        while True:
            try:
                status = program.process.wait(STATUS_EVERY_SECONDS)
                break
            except subprocess.TimeoutExpired:
                if self.terminal.live:
                    waited = time.monotonic() - began
                    self.terminal.status("set-up", f"{program.label} ({waited:.0f} s)")
        if status != 0:
            raise failure(program.label, status, program.log)

    def run(self, label: str, command: Sequence[str], folder: Path, **environment: str) -> None:
        """Run a program to its end; raises CommandError with the reason when it failed."""
        self.finish(self.start(label, command, folder, **environment))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        running = [each.process for each in self._programs if each.process.poll() is None]
        guard.signal_groups([process.pid for process in running], signal.SIGTERM)
        for process in running:
            process.wait()


def failure(label: str, status: int, log: Path) -> CommandError:
    """Return an error with the end of a failed program's output, which says what is wrong."""
    last = "\n           ".join(log.read_text(errors="replace").strip().splitlines()[-LAST_LINES:])
    return CommandError(f"{label} failed with status {status}:\n           {last}", f"{NEXT} {log}")
