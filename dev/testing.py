"""`python3 dev test`: the whole suite with its coverage, or what the arguments tell pytest."""

import os
import shutil
import subprocess
import sys

from dev.checkout import HERE
from dev.errors import CommandError
from dev.locks import locked

FULL_SUITE = [
    "-n2",
    "--cov=shared",
    "--cov-branch",
    "--cov-report=term-missing",
    "--cov-fail-under=100",
]


def ensure_chromium() -> str:
    """Return the path of Chromium; as root or on CI, install Debian's first if it is missing.

    Raises CommandError that says how to install it anywhere else.
    """
    with locked(HERE.own / "chromium.lock", waiting=lambda: None):  # one worker at a time
        if path := shutil.which("chromium"):
            return path
        is_root = os.geteuid() == 0
        if not shutil.which("apt-get") or not (is_root or os.environ.get("CI") == "true"):
            raise CommandError("Chromium is not installed", "sudo apt-get install chromium")
        apt = ["apt-get"] if is_root else ["sudo", "-n", "apt-get"]
        try:
            subprocess.run([*apt, "update"], check=True)
            subprocess.run([*apt, "install", "-y", "chromium"], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            what = "Chromium cannot be installed with apt-get"
            raise CommandError(what, "sudo apt-get install chromium") from error
        return "/usr/bin/chromium"


def main(arguments: list[str]) -> int:
    """Become pytest, so that its exit status, signals and last line are this command's."""
    os.chdir(HERE.root)
    pytest = [sys.executable, "-m", "pytest", *(arguments or FULL_SUITE)]
    os.execv(sys.executable, pytest)  # noqa: S606 - no shell wanted
