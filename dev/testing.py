"""`python3 dev test`: the whole suite on both cores with its coverage, or what pytest is told."""

import os
import shutil
import subprocess
import sys

from dev.checkout import HERE
from dev.errors import CommandError

WHOLE_SUITE = [
    "-n2",
    "--cov=shared",
    "--cov-branch",
    "--cov-report=term-missing",
    "--cov-fail-under=100",
]


def ensure_chromium() -> str:
    """Give the path of Chromium; on CI, as root, install Debian's first when there is none.

    Raises CommandError that says how to install it anywhere else.
    """
    if found := shutil.which("chromium"):
        return found
    if os.environ.get("CI") != "true" or os.geteuid() != 0:
        raise CommandError("there is no Chromium here", "sudo apt-get install chromium")
    subprocess.run(["apt-get", "update"], check=True)
    subprocess.run(["apt-get", "install", "-y", "chromium"], check=True)
    return "/usr/bin/chromium"


def main(arguments: list[str]) -> int:
    """Become pytest, so that its exit status, signals and last line are this command's."""
    os.chdir(HERE.root)
    pytest = [sys.executable, "-m", "pytest", *(arguments or WHOLE_SUITE)]
    os.execv(sys.executable, pytest)  # noqa: S606 - no shell wanted
