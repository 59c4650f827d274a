"""The last one out: ends what a supervisor left behind when it was killed without a word.

It reads process groups from its standard input, one a line. The input ends when the supervisor
does, however it ends; what then still runs is asked to stop, and killed if it does not listen.
Run as a script, outside the supervisor's session, with the standard library only.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

PATIENCE_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.05


def tell(groups: Iterable[int], number: signal.Signals | int) -> list[int]:
    """Send a signal to process groups (0 only looks); gives those that are still there."""
    there = []
    for group in groups:
        try:
            os.killpg(group, number)
        except (ProcessLookupError, PermissionError):
            continue
        there.append(group)
    return there


def main() -> None:
    """Wait for the input's end, then leave nothing running."""
    left = tell([int(line) for line in sys.stdin], signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := tell(left, 0)) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)
    tell(left, signal.SIGKILL)


if __name__ == "__main__":
    main()
