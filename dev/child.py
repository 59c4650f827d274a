"""One running server: its lines, its end, and how it is stopped."""

import asyncio
import os
import re
import signal
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dev import guard
from dev.errors import CommandError
from dev.terminal import CYAN, Terminal

LAST_LINES = 10
NAME_WIDTH = 10


@dataclass(frozen=True)
class Service:
    """One server: how to start it, and the line by which it says that it is ready."""

    name: str
    command: Sequence[str]
    ready: str
    environment: Mapping[str, str] | None = None
    folder: Path | None = None
    log: Path | None = None  # where its output goes when it is not for the terminal
    grace: float = 6.0  # seconds from the request to stop until it is killed
    render: Callable[[str], str | None] | None = None  # a line as it is shown; None hides it


class Child:
    """A running service."""

    def __init__(
        self,
        service: Service,
        program: asyncio.subprocess.Process,
        output: asyncio.StreamReader,
        terminal: Terminal,
    ) -> None:
        self.service = service
        self.last = deque[str](maxlen=LAST_LINES)
        self.ready = asyncio.Event()
        self.follower = asyncio.create_task(self._follow(output, terminal))
        self.end = asyncio.create_task(program.wait())
        self.group = program.pid

    async def _follow(self, output: asyncio.StreamReader, terminal: Terminal) -> None:
        """Pass its lines on, to the terminal or to its log, until it ends."""
        render = self.service.render or labelled(self.service.name, terminal)
        with ExitStack() as stack:
            log = self.service.log and stack.enter_context(self.service.log.open("w"))
            async for line in lines_of(output):
                self.last.append(line)
                if log:
                    log.write(f"{line}\n")
                    log.flush()
                if not self.ready.is_set() and re.search(self.service.ready, line):
                    self.ready.set()
                elif not log and (text := render(line)) is not None:
                    terminal.line(text)

    async def stop(self) -> None:
        """Ask its whole group to stop, wait for its grace, and kill what is left of it."""
        guard.signal_groups([self.group], guard.STOP)
        await asyncio.wait([self.end], timeout=self.service.grace)
        guard.signal_groups([self.group], signal.SIGKILL)
        await asyncio.wait([self.end])
        await self.drain()
        self.follower.cancel()

    async def drain(self) -> None:
        """Wait for what is still in its pipe, which something that escaped may hold open."""
        await asyncio.wait([self.follower], timeout=0.5)


class ServiceEndedError(CommandError):
    """A service ended by itself; `status` is negative for a signal."""

    def __init__(self, service: Service, status: int, last: Sequence[str]) -> None:
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        said = "".join(f"\n           {line}" for line in last)
        next_step = f"read {service.log}" if service.log else "see why above, fix it, start again"
        super().__init__(f"{service.name} ended by itself ({how}){said}", next_step)
        self.service = service
        self.status = status


def labelled(name: str, terminal: Terminal) -> Callable[[str], str]:
    """Return a function that puts a name before a line."""
    label = terminal.paint(f"{name:<{NAME_WIDTH}}│", CYAN)
    return lambda line: f"{label} {line}"


async def reader_of(pipe: int) -> asyncio.StreamReader:
    """Read from the end of a pipe."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await loop.connect_read_pipe(lambda: protocol, os.fdopen(pipe, "rb"))
    return reader


async def lines_of(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Read lines of any length."""
    rest = b""
    while chunk := await stream.read(2**16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")
