"""Output that never makes its writer wait, even when nobody reads it any more.

A program that starts `dev run` with a pipe and reads only to `ready` would otherwise stop every
server as soon as the pipe is full.
"""

import io
import os
import queue
import threading
from contextlib import suppress
from typing import TextIO

MAX_WAITING_TEXTS = 5000


class PatientStream(io.TextIOBase):
    """A stream that writes in the background and drops new texts while too many wait."""

    def __init__(self, stream: TextIO, *, max_waiting: int = MAX_WAITING_TEXTS) -> None:
        stream.flush()
        self._stream = stream
        self._descriptor = stream.fileno()
        self._waiting: queue.Queue[str | None] = queue.Queue(max_waiting)
        self._writer = threading.Thread(target=self._write_on, daemon=True)
        self._writer.start()

    def write(self, text: str) -> int:
        """Take a text to be written, or drop it where too much is waiting."""
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            return 0
        return len(text)

    def isatty(self) -> bool:
        """Whether it is a terminal that is written to."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The descriptor that is written to."""
        return self._descriptor

    def finish(self, seconds: float) -> None:
        """Wait so long for what is still to be written."""
        with suppress(queue.Full):
            self._waiting.put(None, timeout=seconds)
            self._writer.join(seconds)

    def _write_on(self) -> None:
        while (text := self._waiting.get()) is not None:
            left = text.encode(errors="replace")
            try:
                while left:
                    left = left[os.write(self._descriptor, left) :]
            except OSError:
                # The reader has gone; the servers are stopped by a signal, not by that.
                continue
