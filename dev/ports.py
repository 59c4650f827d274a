"""The ports of a run: asked for by flags, or free ones chosen here."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from dev.errors import CommandError

HOST = "127.0.0.1"


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


def free_ports(count: int) -> list[int]:
    """Return different ports that are free at this moment."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


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
