"""Starts the host as `dev run` does, as a process, and talks to it over HTTP."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
APPS = Path(__file__).parent / "apps"
READY = "host ready on http://127.0.0.1:"

Found = TypeVar("Found")


@dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:  # noqa: ANN401 - JSON is anything
        """Give the body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RunningHost:
    """A host that is ready; `announced` is what it printed before."""

    process: "subprocess.Popen[str]"
    port: int
    announced: list[str]
    errors: Path

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request, its path as it is written."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def send(self, request: bytes, *, and_no_more: bool = False) -> bytes:
        """Send bytes as they are, end our half if asked to, and give all that comes back."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            if and_no_more:
                connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def stop(self, number: int) -> int:
        """Send a signal and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def eventually(look: Callable[[], Found]) -> Found:
    """Give the first true value that `look` gives."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.05)
    return found


def start(app: Path, errors: Path, *flags: str, **settings: str) -> "subprocess.Popen[str]":
    """Start the host on a free port."""
    command = [sys.executable, "-m", "dev.host", "--app", str(app), "--port", "0", *flags]
    with errors.open("w") as log:
        return subprocess.Popen(  # noqa: S603 - the host itself
            command,
            cwd=ROOT,
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@contextmanager
def running_host(app: Path, errors: Path, *flags: str, **settings: str) -> Iterator[RunningHost]:
    """Run the host until the block ends."""
    with start(app, errors, *flags, **settings) as process:
        assert process.stdout is not None
        try:
            announced: list[str] = []
            for line in process.stdout:
                if line.startswith(READY):
                    port = int(line.removeprefix(READY))
                    yield RunningHost(process, port, announced, errors)
                    return
                announced.append(line.rstrip())
            raise AssertionError(f"the host ended:\n{errors.read_text()}")
        finally:
            process.kill()
