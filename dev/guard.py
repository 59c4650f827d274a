"""Ends what a supervisor left behind when it was killed without a word.

It reads process groups from its standard input, one a line, and one that has ended with a minus.
The input ends when the supervisor does; what then still runs is asked to stop, and then killed.
Run as a script, outside the supervisor's session, with the standard library only.
"""

import os
import signal
import sys
import time
from collections.abc import Iterable

# Azurite writes its last changes on SIGINT only; our own servers obey it as they do SIGTERM.
STOP = signal.SIGINT
PATIENCE_SECONDS = 10.0
POLL_SECONDS = 0.05


def signal_groups(groups: Iterable[int], number: signal.Signals | int) -> list[int]:
    """Send a signal to process groups (0 only looks); return those that are still there."""
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
    groups = set[int]()
    for line in sys.stdin:
        group = int(line)
        groups.add(group) if group > 0 else groups.discard(-group)
    left = signal_groups(groups, STOP)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := signal_groups(left, 0)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    signal_groups(left, signal.SIGKILL)


if __name__ == "__main__":
    main()
