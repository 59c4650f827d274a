"""An installer is stopped with its command, and its failure is shown."""

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


def test_a_failure_shows_what_was_said_last(installers: Installers, tmp_path: Path) -> None:
    """The end of its output is in the error; the next step names what is usually in the way."""
    with pytest.raises(CommandError, match=r"pip failed with status 3:\n +no route") as caught:
        installers.run("pip", python("print('no route'); raise SystemExit(3)"), tmp_path)
    assert "network" in caught.value.next_step
    assert "disk" in caught.value.next_step
    assert str(installers.logs / "pip.log") in caught.value.next_step


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
