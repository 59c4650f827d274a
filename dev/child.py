"""One server that runs: its lines, its end, and how it is stopped."""

import asyncio
import os
import re
import signal
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from dev import guard
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


class Child:
    """A service that runs."""

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
        self._group = program.pid

    async def _follow(self, output: asyncio.StreamReader, terminal: Terminal) -> None:
        """Pass its lines on, to the terminal under its name or to its log, until it ends."""
        label = terminal.paint(f"{self.service.name:<{NAME_WIDTH}}│", CYAN)
        with ExitStack() as stack:
            log = self.service.log and stack.enter_context(self.service.log.open("w"))
            async for line in lines_of(output):
                self.last.append(line)
                if log:
                    log.write(f"{line}\n")
                    log.flush()
                if not self.ready.is_set() and re.search(self.service.ready, line):
                    self.ready.set()
                elif not log:
                    terminal.line(f"{label} {line}")

    async def stop(self) -> None:
        """Ask its whole group to stop, wait for its grace, and kill what is left of it."""
        guard.tell([self._group], signal.SIGTERM)
        await asyncio.wait([self.end], timeout=self.service.grace)
        guard.tell([self._group], signal.SIGKILL)
        await asyncio.wait([self.end])
        await self.last_words()
        self.follower.cancel()

    async def last_words(self) -> None:
        """Wait for what is still in its pipe, which something that escaped may hold open."""
        await asyncio.wait([self.follower], timeout=0.5)


def obituary(service: Service, status: int, last: Sequence[str]) -> tuple[str, str]:
    """Say which service ended, how, and what it said last; and what to do next."""
    how = f"status {status}" if status >= 0 else signal.Signals(-status).name
    said = "".join(f"\n           {line}" for line in last)
    where = f"read {service.log}" if service.log else "see why above, mend it, and start again"
    return f"{service.name} ended by itself ({how}){said}", where


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
