"""`python3 dev run` as a person starts it: its lines, its addresses, its end."""

# ruff: noqa: S603 - starts only our own programs and ps

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import urlopen

from dev.checkout import HERE
from dev.set_up import Need, is_set_up
from tests.dev.commands.processes import children_of, is_running, wait_until

# On CI a missing set-up is not passed over: the tests run, and fail.
IS_SET_UP = os.environ.get("CI") == "true" or is_set_up(Need(frozenset({"run"})), HERE)
FREE_PORTS = ("--port", "0", "--simulator-port", "0", "--storage-port", "0")


class Running:
    """A run that was started; on leaving, it is stopped, and nothing of it may be left."""

    def __init__(self, root: Path, *flags: str, settings: Mapping[str, str] | None = None) -> None:
        own = {name: value for name, value in os.environ.items() if not is_setting(name)}
        self.program = subprocess.Popen(
            [sys.executable, str(root / "dev"), "run", *FREE_PORTS, *flags],
            env={**own, **(settings or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._seen: set[int] = set()

    def until(self, start: str) -> str:
        """Read on to the line that begins so, and give it."""
        assert self.program.stdout is not None
        for line in self.program.stdout:
            self.lines.append(line.rstrip("\n"))
            if line.startswith(start):
                self._seen.update(children_of(self.program.pid))
                return self.lines[-1]
        raise AssertionError("\n".join(self.lines))

    def shown(self, label: str) -> str:
        """Return what the banner shows beside a label."""
        (line,) = [line for line in self.lines if line.startswith(f"  {label:<9} ")]
        return line[11:].strip().split(" ")[0]

    def commands(self) -> list[str]:
        """Return the commands that are there to paste."""
        return [line for line in self.lines if line.startswith("  curl ")]

    def environment(self, label: str) -> dict[str, str]:
        """Ask a stand-in for its environment."""
        with urlopen(self.shown(label)) as answer:  # noqa: S310 - an address on this machine
            environment: dict[str, str] = json.load(answer)
        return environment

    def end(self, *numbers: signal.Signals) -> int:
        """Send signals, read the rest, and give the exit status; nothing may be left running."""
        for number in numbers:
            self.program.send_signal(number)
        self.until_the_end()
        status = self.program.wait()
        wait_until(lambda: not any(is_running(pid) for pid in self._seen))
        return status

    def until_the_end(self) -> None:
        """Read the rest of what it says."""
        assert self.program.stdout is not None
        self.lines += [line.rstrip("\n") for line in self.program.stdout]

    def children(self, text: str = "") -> list[int]:
        """Return its own processes that have a text in their command line."""
        found = children_of(self.program.pid)
        self._seen.update(found)
        return [pid for pid, arguments in found.items() if text in arguments]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.program.poll() is None:
            self.end(signal.SIGTERM)
        assert self.program.stdout is not None
        self.program.stdout.close()


def is_setting(name: str) -> bool:
    """Tell whether a variable would change what the app does."""
    return name.startswith(("TWILIO_", "MESSAGE_STORAGE", "PUBLIC_BASE_URL", "AzureWebJobs"))


def dev(
    *arguments: str, python: str = sys.executable, path: str = "", root: Path = HERE.root
) -> tuple[int, str, str]:
    """Run `dev` on its own, with only some folder on the PATH."""
    command = [python, str(root / "dev"), *arguments]
    environment = {"PATH": path, "NO_COLOR": "1"}
    ended = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    return ended.returncode, ended.stdout, ended.stderr
