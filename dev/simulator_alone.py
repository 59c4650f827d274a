"""`python3 dev simulator`: the Twilio simulator for `func start`, or for any other program."""

import os
import sys

from dev.checkout import HERE


def main(arguments: list[str]) -> int:
    """Become the simulator, so that its flags, signals and exit status are this command's."""
    program = [sys.executable, "-m", "dev.simulator", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(HERE.root)}
    os.execve(sys.executable, program, environment)  # noqa: S606 - no shell wanted
