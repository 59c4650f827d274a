"""The whole app, running as `python3 dev run` has it."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dev.checkout import HERE
from dev.local_settings import FUNCTION_KEY
from tests.dev.commands.running import IS_SET_UP, Running


@dataclass(frozen=True)
class RunningApp:
    """Where the app is, and its function key."""

    url: str
    key: str


@pytest.fixture
def running_app() -> Iterator[RunningApp]:
    """An app with storage and a simulator of its own."""
    if not IS_SET_UP:
        pytest.skip("run `python3 dev test` once: sets it up")
    with Running(HERE.root) as run:
        run.until("ready")
        yield RunningApp(run.shown("app").removesuffix("/api"), FUNCTION_KEY)
        run.end(signal.SIGTERM)
