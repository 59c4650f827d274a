"""A checkout of nothing, a terminal that remembers, and programs that are small scripts."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.checkout import Checkout
from dev.installer import Installer
from dev.terminal import Terminal

PINS = ("requirements.txt", "dev/requirements.txt", "dev/node/package.json")
Script = Callable[[str, str], Path]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    for name in (*PINS, "dev/node/package-lock.json", "dev/node/requirements.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Checkout(root)


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def terminal(screen: io.StringIO) -> Terminal:
    return Terminal(screen, live=False, colour=False)


@pytest.fixture
def script() -> Script:
    """Write a program: its path, and the shell commands that it is."""

    def write(path: str, commands: str) -> Path:
        program = Path(path)
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{commands}\n")
        program.chmod(0o755)
        return program

    return write


@pytest.fixture
def installer(checkout: Checkout, terminal: Terminal, tmp_path: Path) -> Iterator[Installer]:
    with (tmp_path / "lock").open("w") as lock:
        yield Installer(terminal, checkout.logs / "install.log", lock.fileno(), pulse=0.01)
