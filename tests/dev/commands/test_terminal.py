"""What a person sees, what a file gets, and what happens when nobody looks any more."""

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from dev.terminal import RED, Terminal, terminal_on


@pytest.fixture
def tty() -> Iterator[tuple[int, TextIO]]:
    """Give the two ends of a terminal: where one looks, and where programs write."""
    looking, writing = os.openpty()
    with os.fdopen(writing, "w") as stream:
        yield looking, stream
    os.close(looking)


def test_a_status_is_replaced_on_a_terminal(tty: tuple[int, TextIO]) -> None:
    """The next line takes the status line's place."""
    looking, stream = tty
    terminal = Terminal(stream, live=True, colour=False)
    terminal.status("pip", "collecting a")
    terminal.line("done")
    said = b""
    while not said.endswith(b"done\r\n"):  # what was written may come in pieces
        said += os.read(looking, 999)
    assert said == b"pip        collecting a\r\x1b[2Kdone\r\n"


def test_a_status_is_a_line_in_a_file(terminal: Terminal, screen: io.StringIO) -> None:
    """Where nothing can be replaced, every status stays, without control characters."""
    terminal.status("pip", "collecting a")
    assert screen.getvalue() == "pip        collecting a\n"


@pytest.mark.parametrize(("no_color", "painted"), [("", "\x1b[31mx\x1b[0m"), ("1", "x")])
def test_colour_is_for_terminals_that_want_it(
    tty: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch, no_color: str, painted: str
) -> None:
    """NO_COLOR is respected, and a file never has any."""
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal_on(tty[1]).paint("x", RED) == painted
    assert terminal_on(io.StringIO()).paint("x", RED) == "x"


def test_a_reader_that_has_gone_is_no_error() -> None:
    """Writing to a closed pipe is silently nothing, then and later."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        terminal = Terminal(stream, live=False, colour=False)
        terminal.line("nobody")
        terminal.line("hears this")
