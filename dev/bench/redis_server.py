"""Redis, from the system's package: on a free port, in memory, gone afterwards."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dev.ports import HOST, free_ports

PROGRAM: Final = "redis-server"
READY: Final = "Ready to accept connections"
# Nothing is written to disk.
OPTIONS: Final = ("--bind", HOST, "--save", "", "--appendonly", "no", "--daemonize", "no")


def is_installed() -> bool:
    """Tell whether the machine has Redis."""
    return shutil.which(PROGRAM) is not None


@contextmanager
def redis_server() -> Iterator[str]:
    """Run it until the block ends; gives its address, `redis://…`, to add a database to."""
    (port,) = free_ports(1)
    running = subprocess.Popen(
        [PROGRAM, *OPTIONS, "--port", str(port)],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_until_ready(running)
        yield f"redis://{HOST}:{port}"
    finally:
        running.terminate()
        running.communicate()


def _wait_until_ready(running: "subprocess.Popen[str]") -> None:
    assert running.stdout is not None  # noqa: S101 - tells mypy about PIPE
    lines = []
    for line in running.stdout:
        if READY in line:
            return
        lines.append(line)
    raise RuntimeError(f"Redis ended before it was ready:\n{''.join(lines)}")
