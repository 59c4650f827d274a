"""The ports of a run: asked for by flags, or free ones chosen here."""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, islice
from typing import Final

from dev.errors import CommandError

HOST = "127.0.0.1"
# Below those that systems give to connections and to servers that ask for any port.
FREE_PORTS: Final = range(20_000, 32_000)
PORTS_OF_A_PROCESS: Final = 16
_numbers = count(os.getpid() * PORTS_OF_A_PROCESS)


@dataclass(frozen=True)
class Ports:
    """One port for each server; the simulator's is None when there is none."""

    app: int
    simulator: int | None
    queue: int
    table: int

    def by_flag(self) -> Iterator[tuple[str, str, int]]:
        """Yield each port with what it is for and the flag that changes it."""
        yield "the app", "--port", self.app
        if self.simulator is not None:
            yield "the simulator", "--simulator-port", self.simulator
        yield "the queue", "--storage-port", self.queue
        yield "the table", "--storage-port", self.table


def choose_ports(app: int, simulator: int | None, storage: int) -> Ports:
    """Replace every 0 by a free port; the table is next to the queue unless that was 0."""
    free = iter(free_ports(4))
    return Ports(
        app=app or next(free),
        simulator=None if simulator is None else simulator or next(free),
        queue=storage or next(free),
        table=storage + 1 if storage else next(free),
    )


def free_ports(wanted: int) -> list[int]:
    """Return different ports that are free, and stay so until they are used a little later.

    The system gives them to nobody, each process begins elsewhere, and none comes twice.
    """
    ports: list[int] = []
    for number in islice(_numbers, len(FREE_PORTS)):
        port = FREE_PORTS[number % len(FREE_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            ports.append(port)
        if len(ports) == wanted:
            return ports
    what = f"no port from {FREE_PORTS.start} to {FREE_PORTS.stop - 1} is free"
    raise CommandError(what, "name ports by flags: python3 dev run --help")


def check_ports(ports: Ports) -> None:
    """Raise CommandError, naming the flag that helps, for the first port that cannot be used."""
    seen: dict[int, str] = {}
    for server, flag, port in ports.by_flag():
        problem = f"wanted by {seen[port]} too" if port in seen else trouble_with(port)
        if problem:
            raise CommandError(
                f"port {port}, for {server}, is {problem}",
                f"stop what uses it, or choose another with {flag} (0 finds a free one)",
            )
        seen[port] = server


def trouble_with(port: int) -> str:
    """Say why a port cannot be listened on; empty when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
        except OSError as error:
            return "taken" if error.errno == errno.EADDRINUSE else f"refused: {error.strerror}"
        except OverflowError:
            return "out of range: 65535 is the last"
    return ""
