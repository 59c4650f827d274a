"""Azurite, the storage emulator: how to start its queue and its table, and how to reach them.

With a folder it writes its last changes on SIGINT only; SIGTERM loses up to five seconds of them.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.checkout import HERE, Checkout
from dev.node_runtime import find_node, installed_script
from dev.ports import HOST, free_ports

ACCOUNT = "devstoreaccount1"
# Public and the same everywhere:
# https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
READY = r"Azurite (Queue|Table) service successfully (listens|started) on"
# How many seconds it may take to end, and to write its last changes.
PATIENCE = 30.0
# The storage libraries are newer than the versions that this Azurite knows of.
OPTIONS = ("--silent", "--disableTelemetry", "--skipApiVersionCheck")


def command(kind: str, port: int, folder: Path | None, checkout: Checkout = HERE) -> list[str]:
    """Return the command for the `queue` or the `table`, kept in a folder or only in memory."""
    runtime = find_node(checkout)
    node = runtime.node if runtime else "node"
    script = installed_script(checkout, f"azurite/dist/src/{kind}/main.js")
    place = ["--location", str(folder)] if folder else ["--inMemoryPersistence"]
    return [node, script, f"--{kind}Host", HOST, f"--{kind}Port", str(port), *place, *OPTIONS]


def endpoint(port: int) -> str:
    """Return the address of one of the two services."""
    return f"http://{HOST}:{port}/{ACCOUNT}"


def connection_string(queue_port: int, table_port: int) -> str:
    """Return what every storage library takes to find and open both services."""
    return (
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
        f"QueueEndpoint={endpoint(queue_port)};TableEndpoint={endpoint(table_port)};"
    )


def is_installed(checkout: Checkout = HERE) -> bool:
    """Tell whether `python3 dev` has put Azurite into this checkout."""
    return Path(installed_script(checkout, "azurite")).is_dir()


@contextmanager
def azurite(folder: Path | None = None) -> Iterator[str]:
    """Run both services for a while, on free ports; yields their connection string."""
    queue_port, table_port = free_ports(2)
    ports = {"queue": queue_port, "table": table_port}
    servers = [_started(command(kind, port, folder)) for kind, port in ports.items()]
    try:
        for server in servers:
            _wait_until_ready(server)
        yield connection_string(queue_port, table_port)
    finally:
        for server in servers:
            server.send_signal(signal.SIGINT)
        for server in servers:
            wait_until_ended(server)


def wait_until_ended(server: "subprocess.Popen[str]") -> None:
    """Wait until a server that was told to end has ended; kill one that does not."""
    try:
        server.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:  # somebody still has a request under way
        server.kill()
        server.communicate()


def _started(arguments: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        arguments,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait_until_ready(server: "subprocess.Popen[str]") -> None:
    assert server.stdout is not None  # noqa: S101 - tells mypy about PIPE
    lines = []
    for line in server.stdout:
        lines.append(line)
        if re.search(READY, line):
            return
    raise RuntimeError(f"Azurite ended before it was ready:\n{''.join(lines)}")
