"""A breakpoint in the app under `dev run`."""

import json
import subprocess
import sys

import pytest

from dev.checkout import HERE
from dev.debugging import explain


def test_a_breakpoint_says_how_to_debug(capsys: pytest.CaptureFixture[str]) -> None:
    """It names its line and the way to attach a debugger, and the app goes on."""
    explain()
    said = capsys.readouterr().err
    assert f"breakpoint at {__file__}:" in said
    assert ".vscode/launch.json" in said


def test_the_launch_that_it_names_is_there() -> None:
    """.vscode/launch.json has a launch of that name, which follows the host's process."""
    launches = json.loads((HERE.root / ".vscode" / "launch.json").read_text())["configurations"]
    (launch,) = [each for each in launches if each["name"] == "Switchboard: dev run"]
    assert launch["subProcess"] is True
    assert launch["args"][0] == "run"


def test_breakpoint_finds_it() -> None:
    """`breakpoint()` itself calls it where PYTHONBREAKPOINT says so."""
    command = [sys.executable, "-c", "breakpoint(); print('goes on')"]
    environment = {"PYTHONBREAKPOINT": "dev.debugging.explain"}
    ended = subprocess.run(  # noqa: S603 - our own Python
        command, cwd=HERE.root, env=environment, check=True, capture_output=True, text=True
    )
    assert ended.stdout == "goes on\n"
    assert "breakpoint at <string>:1" in ended.stderr
