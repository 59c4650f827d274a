"""Runs pip and npm so that a person sees them move, and reads out why they failed."""

import os
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dev.errors import CommandError
from dev.terminal import Terminal

PULSE_SECONDS = 2.0
LAST_LINES = 8

NO_NETWORK = (
    r"New[cC]onnectionError|NameResolutionError|name resolution|establish a new connection"
    r"|Connection(Error|Reset|Refused)|ConnectTimeout|ReadTimeout|Read timed out|ProxyError"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH"
    r"|ERR_SOCKET_TIMEOUT|network (error|request|timeout)"
)
# What a failed installer's output tells: the first symptom that is found names the trouble.
SYMPTOMS: Sequence[tuple[str, str, str]] = (
    (
        r"No space left on device|ENOSPC",
        "the disk is full",
        "free about 600 MB and repeat the command",
    ),
    (
        r"Read-only file system|EROFS|Permission denied|EACCES",
        "a folder cannot be written",
        "make this checkout (and pip's and npm's caches) writable, then repeat the command",
    ),
    (
        NO_NETWORK,
        "the package registry cannot be reached: no network?",
        "connect, or point pip and npm at a mirror or proxy, then repeat the command",
    ),
)

Summary = Callable[[str], str | None]


@dataclass
class Installer:
    """Starts one program after another, with a label, a live line and a log."""

    terminal: Terminal
    log: Path
    lock: int
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    pulse: float = PULSE_SECONDS

    def run(self, label: str, command: Sequence[str], summary: Summary, cwd: Path) -> None:
        """Run a program to its end; raises CommandError with the reason when it fails."""
        status, output = self.attempt(label, command, summary, cwd)
        if status != 0:
            raise self.explain(label, status, output)

    def attempt(
        self, label: str, command: Sequence[str], summary: Summary, cwd: Path
    ) -> tuple[int, str]:
        """Run a program to its end; gives its status and its whole output."""
        program = subprocess.Popen(
            command,
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # so that the whole group can be stopped
            pass_fds=(self.lock,),
        )
        try:
            output = self._follow(label, program, summary)
            return program.wait(), output
        finally:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGTERM)
            program.wait()

    def explain(self, label: str, status: int, output: str) -> CommandError:
        """Turn a failure's output into what is in the way and what to do."""
        for symptom, what, next_step in SYMPTOMS:
            if re.search(symptom, output):
                return CommandError(f"{label}: {what}", next_step)
        last = "\n           ".join(output.strip().splitlines()[-LAST_LINES:])
        return CommandError(
            f"{label} failed with status {status}:\n           {last}", f"read {self.log}"
        )

    def _follow(self, label: str, program: subprocess.Popen[str], summary: Summary) -> str:
        """Show the newest summary at once on a terminal, and every pulse anywhere else."""
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        assert program.stdout is not None  # noqa: S101 - tells mypy about PIPE
        threading.Thread(target=_pump, args=(program.stdout, lines), daemon=True).start()
        began = shown = time.monotonic()
        newest, output = "starting", list[str]()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            while True:
                try:
                    line = lines.get(timeout=self.pulse)
                except queue.Empty:
                    line = ""
                if line is None:
                    break
                log.write(line)
                output.append(line)
                newest = summary(line) or newest
                now = time.monotonic()
                if self.terminal.live or now - shown >= self.pulse:
                    shown = now
                    self.terminal.status(label, f"{newest} ({now - began:.0f} s)")
        return "".join(output)


def _pump(stream: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    """Move a program's lines to a queue; None is the end."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
