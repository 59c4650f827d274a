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

from tests.infra.package import (
    LEFT_BEHIND,
    list_as_core_tools,
    list_as_git,
    list_checkout,
    list_package,
)
from tests.infra.template import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT_THE_TOP: Final = {"function_app.py", "host.json", "requirements.txt"}
CODE_OR_PAGE: Final = re.compile(
    r"shared/[\w/-]+\.(py|html|css|js|svg|js\.gz|css\.gz|LICENSE\.txt)"
)
MAX_BYTES: Final = 1_100_000
# What others made: the API page's reader, and the digests of the locked packages.
THIRD_PARTY: Final = ("shared/apidocs/swagger-ui.", "requirements.txt")
COUNT: Final = (
    "import json, function_app as f; "
    "print(json.dumps([each.get_function_name() for each in f.app.get_functions()]))"
)


def test_only_the_app_is_deployed() -> None:
    """Nothing but the entry, its settings, its requirements and shared/ is in the package."""
    package = list_package()
    assert set(package) >= AT_THE_TOP
    assert [p for p in package if p not in AT_THE_TOP and not CODE_OR_PAGE.fullmatch(p)] == []


def test_all_of_the_app_is_deployed() -> None:
    """No module under shared/ is left behind."""
    modules = {str(p.relative_to(CHECKOUT)) for p in (CHECKOUT / "shared").rglob("*.py")}
    assert modules <= set(list_package())


def test_a_used_clone_uploads_the_same(tmp_path: Path) -> None:
    """What running, testing and deploying leave behind is kept out by Core Tools and by git."""
    used = {*list_checkout(), *LEFT_BEHIND}
    assert list_as_core_tools(used) == list_package()
    assert list_as_git(used, tmp_path) == list_package()


@pytest.mark.parametrize("path", LEFT_BEHIND)
def test_each_of_them_is_kept_out(path: str, tmp_path: Path) -> None:
    """Each by a pattern that both read, not because another one happens to fit."""
    assert list_as_core_tools([path]) == []
    assert list_as_git([path], tmp_path) == []


def test_a_pattern_stays_at_the_root(tmp_path: Path) -> None:
    """What is called like an ignored file or folder deeper down is kept by both readings."""
    kept = ["shared/dev/a.py", "shared/env.py", "shared/docs/index.html"]
    assert list_as_core_tools(kept) == sorted(kept)
    assert list_as_git(kept, tmp_path) == sorted(kept)


def test_the_package_is_small(record_property: Callable[[str, object], None]) -> None:
    """Our own part of the package stays far below what a cold start would notice."""
    own = [path for path in list_package() if not path.startswith(THIRD_PARTY)]
    size = sum((CHECKOUT / path).stat().st_size for path in own)
    record_property("bytes", size)
    assert size < MAX_BYTES


def test_every_dependency_is_listed_with_its_licence() -> None:
    """docs/security.md names what requirements.txt installs, and nothing else."""
    page = (CHECKOUT / "docs" / "security.md").read_text().partition("## Dependencies")[2]
    listed = re.findall(r"^\| ([a-z][^|]+) \| [A-Z]", page, re.MULTILINE)
    direct = (CHECKOUT / "pyproject.toml").read_text().partition("[dependency-groups]")[0]
    required = re.findall(r'^  "([a-z-]+)==', direct, re.MULTILINE)
    assert {name for line in listed for name in line.split(", ")} == set(required)


@pytest.mark.skipif(
    not (os.environ.get("CI") or os.environ.get("SWITCHBOARD_SLOW")),
    reason="installs requirements.txt: set CI or SWITCHBOARD_SLOW=1",
)
def test_the_package_imports_with_its_requirements_alone(tmp_path: Path) -> None:
    """In an empty environment with only requirements.txt, the package has all its functions."""
    package = tmp_path / "package"
    for path in list_package():
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
