"""An installer is seen to move, and its failure is read out in words."""

import io
import os
import sys
import textwrap
from pathlib import Path

import pytest

from dev.errors import CommandError
from dev.installer import Installer
from dev.terminal import Terminal
from tests.dev.commands.processes import is_running, wait_until

NEWEST = str.strip


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def test_a_silent_program_is_seen_to_go_on(installer: Installer, tmp_path: Path) -> None:
    """While nothing new is said, the newest words are shown again with the time."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    program = f"print('fetching', flush=True); open({str(gate)!r}).read()"

    class OpensTheGate(io.StringIO):
        def flush(self) -> None:
            if self.getvalue().count("fetching") == 3:
                gate.write_text("")

    screen = OpensTheGate()
    installer.terminal = Terminal(screen, live=False, colour=False)
    installer.run("pip", python(program), NEWEST, tmp_path)
    assert "pip        fetching (0 s)\n" * 3 in screen.getvalue()


def test_everything_said_is_kept_in_the_log(installer: Installer, tmp_path: Path) -> None:
    """The log has both outputs, whole."""
    installer.run("pip", python("import os; print('a'); os.write(2, b'b\\n')"), NEWEST, tmp_path)
    assert set(installer.log.read_text().split()) == {"a", "b"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("Failed to establish a new connection: [Errno -3] Temporary failure", "no network"),
        ("npm error code EAI_AGAIN", "no network"),
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
    installer: Installer, tmp_path: Path, said: str, what: str
) -> None:
    """What pip and npm say when they fail becomes what is in the way."""
    with pytest.raises(CommandError) as caught:
        installer.run("pip", python(f"print({said!r}); raise SystemExit(3)"), NEWEST, tmp_path)
    assert what in caught.value.what
    assert caught.value.next_step


def test_an_interrupt_stops_the_installer_and_its_children(
    installer: Installer, tmp_path: Path
) -> None:
    """When the command is stopped, nothing of the installer goes on behind its back."""
    program = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        print(child.pid, flush=True)
        child.wait()
    """
    seen: list[int] = []

    def interrupt(line: str) -> str | None:
        if line:
            seen.append(int(line))
            raise KeyboardInterrupt
        return None

    with pytest.raises(KeyboardInterrupt):
        installer.run("npm", python(program), interrupt, tmp_path)
    wait_until(lambda: not is_running(seen[0]))
