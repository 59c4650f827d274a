"""README's own commands, run as they stand against the real thing."""

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dev.checkout import HERE
from tests.dev.commands.running import IS_SET_UP, Running

README = HERE.root / "README.md"
DEFAULT = "http://127.0.0.1:7071"
SHOWN = re.compile(r"```sh\n(curl .*?)\n```\n\n```json\n(.*?)\n```", re.DOTALL)


def shape(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Which names a JSON value has, and of which types its members are."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return type(value).__name__


@pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up")
def test_every_command_answers_what_the_readme_shows() -> None:
    """Each `curl` of README, pasted as it stands, answers with what stands below it."""
    commands = SHOWN.findall(README.read_text("utf-8"))
    assert len(commands) == 3
    with Running(HERE.root) as run:
        run.until("ready")
        app = run.shown("app").removesuffix("/api")
        for command, expected in commands:
            here = command.replace(DEFAULT, app)
            answer = subprocess.check_output(["/bin/bash", "-c", here], text=True)  # noqa: S603 - README's own
            assert shape(json.loads(answer)) == shape(json.loads(expected)), command
        run.end(signal.SIGTERM)


def test_the_two_commands_are_there() -> None:
    """README names the two commands that do all the set-up, and they exist."""
    text = README.read_text("utf-8")
    assert re.search(r"^python3 dev run\b", text, re.MULTILINE)
    assert re.search(r"^python3 dev test\b", text, re.MULTILINE)
    assert (Path(HERE.root) / "dev" / "__main__.py").exists()
