import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


async def start(*words: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dev.simulator",
        *words,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TWILIO_AUTH_TOKEN": "from-environment"},
    )


async def address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), PATIENCE_SECONDS)
    return line.decode().removeprefix("simulator ready on ").strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_ready_and_stops_at_once(number: signal.Signals) -> None:
    """The command prints its address when it is ready and exits with 0 on a signal."""
    process = await start("--port", "0")
    url = await address(process)
    assert url.startswith("http://127.0.0.1:")
    process.send_signal(number)
    assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) == 0


async def test_a_taken_port() -> None:
    """A port in use is one clear line and exit code 4."""
    first = await start("--port", "0")
    port = (await address(first)).rpartition(":")[2]
    second = await start("--port", port)
    out, error = await asyncio.wait_for(second.communicate(), PATIENCE_SECONDS)
    first.terminate()
    await first.wait()
    assert second.returncode == 4
    assert (out, error) == (
        b"",
        f"simulator: port {port} is taken; choose another one with --port\n".encode(),
    )
