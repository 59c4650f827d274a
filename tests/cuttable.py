"""Storage behind a line that can be cut: Azurite, as the app reaches it, at a test's word."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from dev.ports import HOST

_CHUNK = 65536


class Line:
    """Passes bytes on to a port until it is cut; `until` so many requests that match have come."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._wanted = re.compile(b"(?!)")
        self._left = 0
        self.is_cut = asyncio.Event()

    def cut_after(self, requests: int, wanted: bytes) -> None:
        """Cut it once so many requests that contain `wanted` have begun to come through."""
        self._left, self._wanted = requests, re.compile(re.escape(wanted))

    def cut(self) -> None:
        """End every connection; a new one is closed as soon as it is made."""
        self.is_cut.set()
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let everything through again."""
        self._wanted = re.compile(b"(?!)")
        self.is_cut.clear()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self._writers.add(writer)
        try:
            if not self.is_cut.is_set():
                there, back = await asyncio.open_connection(HOST, self._port)
                self._writers.add(back)
                await asyncio.gather(self._pass(reader, back), self._pass(there, writer))
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await source.read(_CHUNK):
                if found := len(self._wanted.findall(piece)):
                    self._left -= found
                    if self._left <= 0:
                        self.cut()
                        return
                target.write(piece)
                await target.drain()
        target.transport.abort()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[tuple[Line, int]]:
    """A line to a port of this machine, and the port under which it is reached."""
    line = Line(port)
    server = await asyncio.start_server(line.connected, HOST, 0)
    try:
        yield line, server.sockets[0].getsockname()[1]
    finally:
        line.cut()
        server.close()
