"""An installer is stopped with its command, and its failure is read out in words."""

import sys
import textwrap
from pathlib import Path

import pytest

from dev.errors import CommandError
from dev.installers import Installers
from tests.dev.commands.processes import is_running, wait_until


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def test_everything_said_is_kept_in_the_log(installers: Installers, tmp_path: Path) -> None:
    """The log has both outputs, complete, and the terminal none of them."""
    installers.run("pip", python("import os; print('a'); os.write(2, b'b\\n')"), tmp_path)
    assert set((installers.logs / "pip.log").read_text().split()) == {"a", "b"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure", "no network"),
        ("npm error code EAI_AGAIN", "no network"),
        ("error: Failed to fetch: `https://pypi.org/simple/x/`", "no network"),
        (
            "npm error network request to http://x failed, reason: connect ECONNREFUSED",
            "no network",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("npm error code EACCES", "cannot be written"),
        ("something else", "something else"),
    ],
)
def test_a_failure_is_put_in_words(
    installers: Installers, tmp_path: Path, said: str, what: str
) -> None:
    """What pip and npm say when they fail becomes what is in the way."""
    with pytest.raises(CommandError) as caught:
        installers.run("pip", python(f"print({said!r}); raise SystemExit(3)"), tmp_path)
    assert what in caught.value.what
    assert caught.value.next_step


def test_an_interrupt_stops_the_installers_and_their_children(
    installers: Installers, tmp_path: Path
) -> None:
    """When the command is stopped, nothing of an installer goes on behind its back."""
    program = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(child.pid, flush=True)
        child.wait()
    """
    with installers:
        log = installers.start("npm", python(program), tmp_path).log
        wait_until(lambda: log.read_text().endswith("\n"))
    child = int(log.read_text())
    wait_until(lambda: not is_running(child))
