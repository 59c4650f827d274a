"""The flags of `python3 dev run`, read before anything is installed: standard library only."""

import argparse
from pathlib import Path

MAX_PORT = 65535
MAX_LEASE_SECONDS = 7 * 24 * 3600  # the storage service hides no message for longer

STORAGE_HELP = "the queue's (10001); the table's is the next one"
LEASE_HELP = "how long a dead worker keeps a message (600, as in Azure)"


def port(text: str) -> int:
    """Read a port's number."""
    number = int(text)
    if not 0 <= number <= MAX_PORT:
        raise ValueError
    return number


def lease(text: str) -> float:
    """Read how many seconds a message may be hidden."""
    seconds = float(text)
    if not 0 < seconds <= MAX_LEASE_SECONDS:
        raise ValueError
    return seconds


def read_flags(arguments: list[str]) -> argparse.Namespace:
    """Read the flags of `run`; exits after `--help`, and when a flag is wrong."""
    does = "Storage, the Twilio simulator and the app, until Ctrl-C."
    parser = argparse.ArgumentParser(prog="python3 dev run", description=does)
    add = parser.add_argument
    add("--port", type=port, metavar="N", default=7071, help="the app's (7071; 0 finds a free one)")
    add("--simulator-port", type=port, metavar="N", default=7072, help="the simulator's (7072)")
    add("--storage-port", type=port, metavar="N", default=10001, help=STORAGE_HELP)
    add("--data", type=Path, metavar="DIR", help="keep storage and the simulator's books in DIR")
    add("--no-simulator", action="store_true", help="settings decide where Twilio is")
    add("--lease", type=lease, default=600, metavar="SECONDS", help=LEASE_HELP)
    add("--no-reload", action="store_true", help="do not restart the app when a file changes")
    lines = parser.add_mutually_exclusive_group()
    lines.add_argument("--verbose", action="store_true", help="show every line of the host")
    lines.add_argument("--json", action="store_true", help="show the app's own log lines")
    return parser.parse_args(arguments)
