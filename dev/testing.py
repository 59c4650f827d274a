"""`python3 dev test`: the whole suite with its coverage, or what the arguments tell pytest."""

import os
import shutil
import subprocess
import sys
from typing import Final

from dev.checkout import HERE
from dev.errors import CommandError
from dev.locks import locked

FULL_SUITE = [
    "-n3",  # more than cores: many tests wait for a server or a process
    "--dist=worksteal",  # a worker that is done takes half of what the other has left
    "--cov=shared",
    "--cov-branch",
    "--cov-report=term-missing",
    "--cov-fail-under=100",
]
# Debian's Chromium without windows opens a page in a quarter of the time; other systems have the
# whole one only.
CHROMIUMS: Final = ("chromium-headless-shell", "chromium")


def ensure_chromium() -> str:
    """Return the path of Chromium, best the one without windows.

    As root or on CI, Debian's is installed first if that one is missing. Raises CommandError that
    says how to install it anywhere else.
    """
    with locked(HERE.own / "chromium.lock", waiting=lambda: None):  # one worker at a time
        found = find_chromium()
        may_install = os.geteuid() == 0 or os.environ.get("CI") == "true"
        if shutil.which(CHROMIUMS[0]) or not shutil.which("apt-get") or not may_install:
            return found or _ask_for_chromium("Chromium is not installed")
        apt = ["apt-get"] if os.geteuid() == 0 else ["sudo", "-n", "apt-get"]
        _install([*apt, "update"])
        # The whole one is not installed over the one that is there.
        for package in CHROMIUMS[: 1 if found else None]:
            if _install([*apt, "install", "-y", package]):
                break
        return find_chromium() or _ask_for_chromium("Chromium cannot be installed with apt-get")


def find_chromium() -> str | None:
    """Return the path of the first Chromium on the PATH."""
    return next(filter(None, map(shutil.which, CHROMIUMS)), None)


def _install(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False).returncode == 0
    except OSError:
        return False


def _ask_for_chromium(problem: str) -> str:
    raise CommandError(problem, f"sudo apt-get install {CHROMIUMS[0]}")


def main(arguments: list[str]) -> int:
    """Become pytest, so that its exit status, signals and last line are this command's."""
    os.chdir(HERE.root)
    # Images that keep themselves small say so; the suite starts Python some two hundred times.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    pytest = [sys.executable, "-m", "pytest", *(arguments or FULL_SUITE)]
    os.execv(sys.executable, pytest)  # noqa: S606 - no shell wanted
