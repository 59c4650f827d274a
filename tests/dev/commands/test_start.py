"""`python3 dev` itself: help, unknown commands, and Pythons that are too old."""

# ruff: noqa: S603 - starts only our own programs and ps

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev.__main__ import find_supported, is_supported
from dev.checkout import HERE
from dev.set_up import is_set_up
from dev.start import COMMANDS
from tests.dev.commands.conftest import Script
from tests.dev.commands.running import dev

TOO_OLD = [
    python
    for version in ("3.6.15", "3.8.18", "3.10.13")
    if (python := Path.home() / ".pyenv" / "versions" / version / "bin" / "python3").exists()
]


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_names_every_command_that_there_is(arguments: tuple[str, ...]) -> None:
    """Help needs no set-up and lists the commands."""
    status, said, errors = dev(*arguments)
    assert (status, errors) == (0, "")
    assert {"run", "simulator", "test", "check", "bench", "chaos"} <= {
        line.split()[0] for line in said.splitlines() if line
    }


def test_the_flags_of_run_are_read_before_anything_is_installed(tmp_path: Path) -> None:
    """Help, and the refusal of a wrong flag, need no set-up and make none."""
    for file in HERE.root.glob("dev/*.py"):
        (tmp_path / "dev").mkdir(exist_ok=True)
        shutil.copy(file, tmp_path / "dev")
    status, said, _ = dev("run", "--help", root=tmp_path)
    assert (status, "--lease SECONDS" in said) == (0, True)
    status, _, errors = dev("run", "--port", "x", root=tmp_path)
    assert (status, "argument --port: invalid port value: 'x'" in errors) == (2, True)
    assert {path.name for path in tmp_path.iterdir()} == {"dev"}


@pytest.mark.slow
@pytest.mark.skipif(not is_set_up(COMMANDS["simulator"].need, HERE), reason="is not set up")
def test_the_simulator_alone() -> None:
    """It serves on its own until it is stopped, and takes the simulator's own flags."""
    command = [sys.executable, str(HERE.root / "dev"), "simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as simulator:
        assert simulator.stdout is not None
        assert simulator.stdout.readline().startswith("simulator ready on http://127.0.0.1:")
        simulator.send_signal(signal.SIGINT)
        assert simulator.wait() == 0


def test_an_unknown_command_is_said() -> None:
    """A command that is not there is met with those that are."""
    status, said, errors = dev("rum")
    assert (status, said) == (2, "")
    assert "unknown command `rum`" in errors
    assert "choose one of: run" in errors


@pytest.mark.parametrize(
    ("version", "supported"),
    [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False), ((4, 0), False)],
)
def test_which_pythons_are_supported(version: tuple[int, int], *, supported: bool) -> None:
    """Those that Azure Functions and the pinned packages know: 3.11 to 3.13."""
    assert is_supported(version) is supported


def test_a_supported_python_is_looked_for(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shims that do not answer and versions that are too old are passed over."""
    script(str(tmp_path / "dead"), "exit 127")
    script(str(tmp_path / "old"), "echo 3 10")
    good = script(str(tmp_path / "good"), "echo 3 12")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_supported(("missing", "dead", "old", "good")) == str(good)
    assert find_supported(("missing", "dead", "old")) is None


@pytest.mark.skipif(not TOO_OLD, reason="no older Python under pyenv here")
@pytest.mark.parametrize("python", TOO_OLD, ids=str)
def test_an_old_python_says_what_is_needed(python: Path, tmp_path: Path) -> None:
    """Without a better one on the PATH, an old Python answers in words and ends."""
    alone = tmp_path / "dev"
    alone.mkdir()
    (alone / "__main__.py").write_text((HERE.root / "dev" / "__main__.py").read_text())
    command = [str(python), str(alone), "run", "--port", "0"]
    ended = subprocess.run(command, env={"PATH": ""}, check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in ended.stderr
    assert ended.stderr.endswith("then run: python3.12 dev run --port 0\n")
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not TOO_OLD, reason="no older Python under pyenv here")
@pytest.mark.skipif(not HERE.python.exists(), reason="this checkout has no .venv")
def test_an_old_python_goes_on_with_a_better_one() -> None:
    """Where the checkout's own environment stands, any Python 3 will do to start it."""
    status, said, errors = dev("--help", python=str(TOO_OLD[-1]))
    assert status == 0
    assert "is not supported: going on with" in errors
    assert "python3 dev COMMAND" in said
