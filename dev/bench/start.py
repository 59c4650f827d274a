"""`start`: a cold start, from the import of the app to its first TwiML."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from dev.bench.app import FORM, sign
from dev.bench.environment import PUBLIC, settings
from dev.bench.figures import Aim, Comparison, Result, Table
from dev.bench.runs import Size, alternate
from dev.checkout import HERE

MILLISECONDS: Final = 1000
TARGET: Final = "/api/twiml/message?Message=Hello"
CALL: Final = {
    "AccountSid": "AC" + "0" * 32,
    "CallSid": "CA" + "1" * 32,
    "CallStatus": "ringing",
    "Direction": "inbound",
    "From": "+14155552671",
    "To": "+15005550006",
}
# asyncio and json are there before any app is: the worker itself runs on them.
TIMED: Final = """
import asyncio, json, sys, time
began = time.process_time()
{work}
print(time.process_time() - began)
absent = ("azure.storage.queue", "azure.data.tables", "aiohttp", "twilio.rest", "msgspec")
print(*(name for name in absent if name in sys.modules))
"""
BASELINE: Final = "import azure.functions"
APP: Final = "import function_app"
FIRST: Final = """
import azure.functions as func
import function_app
req = func.HttpRequest(
    "POST", {url!r}, headers={headers!r}, route_params={{"name": "message"}}, body={body!r}
)
answer = asyncio.run(function_app.twimlet(req))
assert b"<Say>Hello</Say>" in answer.get_body(), answer.get_body()
"""
TABLE_ROWS: Final = 12
ROUNDS_FACTOR: Final = 3
MAX_DEPTH: Final = 1
IMPORTTIME: Final = re.compile(r"import time:\s*\d+ \|\s*(\d+) \|\s*(\S+)")
HOW: Final = (
    "A fresh interpreter each time. The clock starts after asyncio and json, which Azure's worker "
    "has loaded before the app, and interpreter start-up is not on it. It counts processor time, "
    "which is the time where nobody else wants the core. The first answer is a "
    "signed request for the `message` twimlet, asked of the function. As in Azure, where a package "
    "is mounted read-only, the app's own files were never compiled before, and the libraries were."
)


async def start(size: Size) -> Result:
    """Run the benchmark."""
    with copy_app() as folder:
        return await _measure(size, folder)


@contextmanager
def copy_app() -> Iterator[Path]:
    """Copy the app's files to a folder, without the bytecode of earlier imports."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        copy(HERE.root / "function_app.py", folder)
        copytree(
            HERE.root / "shared", folder / "shared", ignore=ignore_patterns("__pycache__", "*.pyc")
        )
        yield folder


async def _measure(size: Size, folder: Path) -> Result:
    rounds = Size(size.rounds * ROUNDS_FACTOR, size.part)
    first = FIRST.format(
        url=PUBLIC + TARGET,
        headers={"Content-Type": FORM, "X-Twilio-Signature": sign(TARGET, CALL)},
        body=urlencode(CALL).encode(),
    )

    async def baseline() -> float:
        return time_import(BASELINE, folder)

    async def imported() -> float:
        return time_import(APP, folder)

    async def answer() -> float:
        return time_import(first, folder)

    return Result(
        name="start",
        measures="a cold start, from import to the first TwiML",
        how=HOW,
        comparisons=[
            _compare("import function_app", await alternate("start", rounds, baseline, imported)),
            _compare(
                "import it and answer a call",
                await alternate("start, to an answer", rounds, baseline, answer),
            ),
        ],
        tables=[
            Table(
                "What the import is made of (`-X importtime`; a package's time counts what it "
                "imports first)",
                ["package", "ms"],
                find_slowest_imports(APP, folder),
            )
        ],
    )


def _compare(what: str, pairs: list[tuple[float, float]]) -> Comparison:
    return Comparison(
        what=what, against="import azure.functions", unit="ms", pairs=pairs, aim=Aim("≤", 1.6)
    )


def time_import(work: str, folder: Path) -> float:
    """Return the milliseconds that `work` takes in a fresh interpreter.

    Raises RuntimeError when it imported a heavy library.
    """
    seconds, loaded = _run(work, folder).stdout.splitlines()
    if loaded:
        raise RuntimeError(f"an answer in TwiML imports {loaded}")
    return float(seconds) * MILLISECONDS


def find_slowest_imports(work: str, folder: Path) -> list[list[str]]:
    """Return the packages that take longest to import, as the interpreter counts."""
    lines = IMPORTTIME.finditer(_run(work, folder, "-X", "importtime").stderr)
    times = sorted(((int(each[1]), each[2]) for each in lines), reverse=True)
    packages = [(time, name) for time, name in times if name.count(".") <= MAX_DEPTH]
    return [[f"`{name}`", f"{time / MILLISECONDS:.1f}"] for time, name in packages[:TABLE_ROWS]]


def _run(work: str, folder: Path, *flags: str) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **settings("UseDevelopmentStorage=true", PUBLIC)}
    program = TIMED.format(work=work)
    return subprocess.run(
        [sys.executable, "-B", *flags, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    )
