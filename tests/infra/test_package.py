"""The package is the app and nothing else, and it runs on requirements.txt alone."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from tests.infra.package import deployed
from tests.infra.template import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT_THE_TOP: Final = {"function_app.py", "host.json", "requirements.txt"}
CODE_OR_PAGE: Final = re.compile(r"shared/[\w/]+\.(py|html|css|js|svg)")
MOST_BYTES: Final = 1_000_000
COUNT: Final = (
    "import json, function_app as f; "
    "print(json.dumps([each.get_function_name() for each in f.app.get_functions()]))"
)


def test_only_the_app_is_deployed() -> None:
    """Nothing but the entry, its settings, its requirements and shared/ is in the package."""
    package = deployed()
    assert set(package) >= AT_THE_TOP
    assert [p for p in package if p not in AT_THE_TOP and not CODE_OR_PAGE.fullmatch(p)] == []


def test_all_of_the_app_is_deployed() -> None:
    """No module under shared/ is left behind."""
    modules = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "shared").rglob("*.py")}
    assert modules <= set(deployed())


def test_the_package_is_small(record_property: Callable[[str, object], None]) -> None:
    """Our own part of the package stays far below what a cold start would notice."""
    size = sum((CHECKOUT / path).stat().st_size for path in deployed())
    record_property("bytes", size)
    assert size < MOST_BYTES


def test_every_dependency_is_listed_with_its_licence() -> None:
    """docs/security.md names what requirements.txt installs, and nothing else."""
    page = (CHECKOUT / "docs" / "security.md").read_text().partition("## Dependencies")[2]
    listed = re.findall(r"^\| ([a-z][^|]+) \| [A-Z]", page, re.MULTILINE)
    required = re.findall(
        r"^([a-z-]+)==", (CHECKOUT / "requirements.txt").read_text(), re.MULTILINE
    )
    assert {name for line in listed for name in line.split(", ")} == set(required)


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("SWITCHBOARD_SLOW")),
    reason="installs requirements.txt anew: set CI or SWITCHBOARD_SLOW=1",
)
def test_the_package_imports_with_its_requirements_alone(tmp_path: Path) -> None:
    """In an empty environment with only requirements.txt, the package has all its functions."""
    package = tmp_path / "package"
    for path in deployed():
        (package / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / path, package / path)
    python = str(tmp_path / "venv" / "bin" / "python")
    _run(tmp_path, sys.executable, "-m", "venv", "venv")
    _run(package, python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt")
    here = _run(package, sys.executable, "-c", COUNT)
    there = _run(package, python, "-W", "error", "-c", COUNT)
    assert json.loads(there) == json.loads(here)


def _run(where: Path, *command: str) -> str:
    """What a program printed last; it must succeed, and sees none of our settings."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME", "LANG"} or name.startswith("PIP_")
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, cwd=where, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout.strip().splitlines() or [""])[-1]
