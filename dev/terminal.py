"""Short lines on a terminal: colour and live lines only where a person looks."""

import os
import sys
from typing import Protocol

BOLD, DIM, RED, GREEN, YELLOW, CYAN = "1", "2", "31", "32", "33", "36"
ERASE_LINE = "\r\x1b[2K"


class Stream(Protocol):
    """The part of a text stream that a terminal uses."""

    def write(self, text: str, /) -> int:
        """Take a text."""
        ...

    def flush(self) -> None:
        """Send on what was taken."""
        ...

    def isatty(self) -> bool:
        """Tell whether a person looks."""
        ...

    def fileno(self) -> int:
        """The descriptor."""
        ...


class Terminal:
    """Writes lines, and one status line that is replaced in place where that is possible."""

    def __init__(self, stream: Stream, *, live: bool, colour: bool) -> None:
        self._stream = stream
        self.live = live
        self._colour = colour
        self._status_shown = False

    def paint(self, text: str, colour: str) -> str:
        """Colour a text, or leave it as it is where colour is not wanted."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colour else text

    def line(self, text: str = "") -> None:
        """Write a line that stays."""
        self._write(f"{text}\n")

    def item(self, label: str, text: str, colour: str = DIM) -> None:
        """Write a line of two aligned columns."""
        self.line(f"{self.paint(f'{label:<10}', colour)} {text}".rstrip())

    def status(self, label: str, text: str) -> None:
        """Show what is going on: in place on a terminal, else as a line."""
        if not self.live:
            self.item(label, text)
            return
        width = (os.get_terminal_size(self._stream.fileno()).columns or 80) - 1
        self._write(f"{label:<10} {text}"[:width])
        self._status_shown = True

    def _write(self, text: str) -> None:
        before, self._status_shown = (ERASE_LINE if self._status_shown else ""), False
        try:
            self._stream.write(before + text)
            self._stream.flush()
        except OSError:
            # The reader has gone (a closed window, `| head`). Stopping tidily matters more than
            # being heard, and whatever is still buffered must not fail at exit either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def terminal_on(stream: Stream | None = None) -> Terminal:
    """Make a terminal on a stream (default: standard output) that respects NO_COLOR."""
    stream = stream or sys.stdout
    live = stream.isatty() and os.environ.get("TERM") != "dumb"
    return Terminal(stream, live=live, colour=live and not os.environ.get("NO_COLOR"))
