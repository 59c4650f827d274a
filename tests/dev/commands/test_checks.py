"""`dev check` and `dev test`: what they report, and with which status they end."""

import io
import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from dev.checkout import HERE, Checkout
from dev.checks import programs, report, run_program
from dev.docs_in_step import complaints
from dev.errors import CommandError
from dev.terminal import Terminal
from dev.testing import ensure_chromium
from tests.dev.commands.conftest import Script
from tests.dev.commands.running import IS_SET_UP, dev


def test_a_check_that_passes_is_one_line(terminal: Terminal, screen: io.StringIO) -> None:
    """Nothing that a passing program says is shown."""
    assert run_program("lint", ("python", "-m", "json.tool", "--help"), terminal)
    assert screen.getvalue().startswith("lint       ok  ")
    assert screen.getvalue().count("\n") == 1


def test_a_check_that_fails_shows_all_it_said(terminal: Terminal, screen: io.StringIO) -> None:
    """A failing program's output comes under its line."""
    assert not run_program("lint", ("python", "-m", "json.tool", "--no-such-flag"), terminal)
    assert screen.getvalue().startswith("lint       failed  ")
    assert "--no-such-flag" in screen.getvalue()


def test_a_complaint_about_the_documents_is_a_failure(
    terminal: Terminal, screen: io.StringIO
) -> None:
    """Each sentence that a document check gives is shown."""
    assert not report("docs", "README.md lacks RETENTION_DAYS.", terminal, failed=True)
    assert "README.md lacks RETENTION_DAYS." in screen.getvalue()


@pytest.mark.parametrize(("table", "layers"), [("importlinter", True), ("ruff", False)])
def test_layers_are_checked_where_they_are_described(
    checkout: Checkout, table: str, *, layers: bool
) -> None:
    """import-linter runs if and only if pyproject.toml has a table for it."""
    (checkout.root / "pyproject.toml").write_text(f"[tool.{table}]")
    assert ("layers" in programs(checkout)) is layers


def test_the_documents_are_in_step() -> None:
    """No check of the documents has anything to say about this checkout."""
    assert complaints(HERE) == []


@pytest.mark.slow
@pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up")
@pytest.mark.parametrize(
    ("arguments", "status"), [(["--version"], 0), (["--no-such-flag"], 4), (["no/such/test"], 4)]
)
def test_what_pytest_is_told_and_says(arguments: list[str], status: int) -> None:
    """Arguments go to pytest as they are, and its exit status is the command's."""
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    assert dev("test", *arguments, path=str(node))[0] == status


def test_chromium_is_found(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Chromium that is there is used, best the one without windows, and nothing is installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("chromium", "chromium-headless-shell"):
        program = script(str(tmp_path / name), "exit 1")
        assert ensure_chromium() == str(program)


@pytest.mark.parametrize(
    ("there", "packages", "installed", "used"),
    [
        ((), "*", ["chromium-headless-shell"], "chromium-headless-shell"),
        (("chromium",), "*", ["chromium-headless-shell"], "chromium-headless-shell"),
        ((), "chromium", ["chromium-headless-shell", "chromium"], "chromium"),
        (("chromium",), "chromium", ["chromium-headless-shell"], "chromium"),
    ],
)
def test_chromium_is_installed_where_that_is_allowed(  # noqa: PLR0913, PLR0917 - a row of the table
    tmp_path: Path,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[str, ...],
    packages: str,
    installed: list[str],
    used: str,
) -> None:
    """On CI the one without windows is installed; where there is none, the whole one."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(shutil, "which", partial(shutil.which, path=str(tmp_path)))
    for name in there:
        script(str(tmp_path / name), "exit 1")
    apt = f"""[ "$1" = update ] && exit
echo "$3" >> {tmp_path}/asked
case "$3" in {packages}) cp {tmp_path}/apt-get {tmp_path}/$3;; *) exit 100;; esac"""
    script(str(tmp_path / "apt-get"), apt)
    script(str(tmp_path / "sudo"), 'shift; exec "$@"')
    assert ensure_chromium() == str(tmp_path / used)
    assert (tmp_path / "asked").read_text().split() == installed


def test_chromium_is_asked_for_outside_ci(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On somebody's own machine nothing is installed behind their back; the words say how."""
    monkeypatch.setenv("PATH", str(checkout.root))
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(CommandError) as caught:
        ensure_chromium()
    assert "apt-get install chromium" in caught.value.next_step
