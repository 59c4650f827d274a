"""A checkout of nothing, a terminal that remembers, and programs that are small scripts."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.checkout import Checkout
from dev.installers import Installers
from dev.terminal import Terminal

SOURCES = (
    "pyproject.toml",
    "uv.lock",
    "dev/requirements.txt",
    "dev/node/package.json",
    "dev/node/package-lock.json",
)
Script = Callable[[str, str], Path]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root = tmp_path / "checkout"
    for name in SOURCES:
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
def installers(checkout: Checkout, terminal: Terminal, tmp_path: Path) -> Iterator[Installers]:
    with (tmp_path / "lock").open("w") as lock:
        yield Installers(terminal, checkout.logs, lock.fileno())
