"""What a command needs is installed once, kept, extended and repaired."""

import io
import re
import threading
from pathlib import Path

import pytest

from dev.checkout import Checkout
from dev.errors import CommandError
from dev.installers import Installers
from dev.locks import locked
from dev.set_up import Need, install, install_uv, is_set_up, set_up, variables_of_pip
from dev.terminal import Terminal
from tests.dev.commands.conftest import Script

RUN = Need(frozenset({"run"}), azurite=False)
TEST = Need(frozenset({"run", "test"}), azurite=False)
NO_PIP = "[ $2 = venv ] || { echo 'No module named pip'; exit 1; }"
# A uv that makes an environment, and notes what it is asked and where from.
UV = """
[ "$1" = --version ] && { echo "uv 0.13.9"; exit; }
echo "$*" >> "$CALLS"
case "$1 $2" in
"venv --clear") for venv; do :; done; mkdir -p $venv/bin; ln -sf /bin/sh $venv/bin/python ;;
"pip sync") echo "index $UV_DEFAULT_INDEX" >> "$CALLS"; eval "$SYNC" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a uv on the PATH notes its arguments."""
    folder = tmp_path / "path"
    script(str(folder / "uv"), UV)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("SYNC", "")
    return tmp_path / "calls"


def syncs(calls: Path) -> int:
    return len(re.findall("^pip sync", calls.read_text(), re.MULTILINE))


def test_installs_once(checkout: Checkout, terminal: Terminal, calls: Path) -> None:
    """The first start makes .venv from the lock's hashes; the second one asks nobody."""
    for _ in range(2):
        set_up(RUN, checkout, terminal)
    venv, export, sync, _ = calls.read_text().splitlines()
    assert venv.startswith("venv --clear")
    assert {"--frozen", "--group=run", "--no-default-groups"} <= set(export.split())
    assert "--require-hashes" in sync
    assert is_set_up(RUN, checkout)


def test_what_is_needed_later_is_added(checkout: Checkout, terminal: Terminal, calls: Path) -> None:
    """A command that needs more adds it to the environment, and takes nothing away."""
    set_up(RUN, checkout, terminal)
    assert not is_set_up(TEST, checkout)
    set_up(Need(frozenset({"test"}), azurite=False), checkout, terminal)
    assert calls.read_text().count("venv --clear") == 1
    assert is_set_up(TEST, checkout)


@pytest.mark.parametrize("name", ["uv.lock", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_a_changed_pin_is_installed(
    checkout: Checkout, terminal: Terminal, calls: Path, name: str
) -> None:
    """Another lock, other groups, or another Python bring uv back."""
    set_up(RUN, checkout, terminal)
    (checkout.root / name).write_text("changed")
    set_up(RUN, checkout, terminal)
    assert syncs(calls) == 2


def test_a_python_that_has_gone_is_replaced(
    checkout: Checkout, terminal: Terminal, calls: Path
) -> None:
    """A link to an interpreter that is not there any more is no environment."""
    set_up(RUN, checkout, terminal)
    checkout.python.unlink()
    set_up(RUN, checkout, terminal)
    assert calls.read_text().count("venv --clear") == 2


def test_an_interrupted_install_is_repaired(
    checkout: Checkout, terminal: Terminal, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An install that failed leaves no stamp, not even an older one, and the next begins afresh."""
    set_up(RUN, checkout, terminal)
    monkeypatch.setenv("SYNC", "exit 3")
    with pytest.raises(CommandError):
        set_up(TEST, checkout, terminal)
    assert not is_set_up(RUN, checkout)
    monkeypatch.setenv("SYNC", "")
    set_up(RUN, checkout, terminal)
    assert calls.read_text().count("venv --clear") == 2
    assert is_set_up(RUN, checkout)


def test_an_environment_of_another_checkout_is_never_emptied(
    checkout: Checkout, terminal: Terminal, calls: Path, tmp_path: Path
) -> None:
    """Where .venv is a link, uv would empty the folder that it leads to, so nothing is run."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    checkout.venv.symlink_to(elsewhere)
    with pytest.raises(CommandError, match=f"is a link to {elsewhere}") as caught:
        set_up(RUN, checkout, terminal)
    assert "rm .venv" in caught.value.next_step
    assert not calls.exists()


def test_two_commands_take_turns(
    checkout: Checkout, terminal: Terminal, screen: io.StringIO, calls: Path
) -> None:
    """The second of two says that it waits, and finds everything installed."""
    waits = threading.Event()

    class Telling(io.StringIO):
        def flush(self) -> None:
            waits.set()

    second_screen = Telling()
    second = Terminal(second_screen, live=False, colour=False)
    other = threading.Thread(target=set_up, args=(RUN, checkout, second))
    with locked(checkout.own / "lock", waiting=lambda: None) as lock:
        other.start()
        assert waits.wait(10)
        installers = Installers(terminal, checkout.logs, lock)
        install(RUN, checkout, installers, "python3")
    other.join(10)
    assert syncs(calls) == 1
    assert "waiting for it" in second_screen.getvalue()
    assert "waiting" not in screen.getvalue()


def test_the_set_up_says_where_it_goes(
    checkout: Checkout, terminal: Terminal, calls: Path, screen: io.StringIO
) -> None:
    """One line says what is being installed, and into which folder."""
    set_up(RUN, checkout, terminal)
    assert calls.exists()
    assert screen.getvalue() == "set-up     Python packages into .venv\n"


def test_a_failure_is_said(
    checkout: Checkout, terminal: Terminal, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What uv says of an index that it cannot reach is shown, and the next start tries again."""
    monkeypatch.setenv("SYNC", "echo 'error: Failed to fetch: `https://x`'; exit 2")
    for _ in range(2):
        with pytest.raises(CommandError, match="Failed to fetch"):
            set_up(RUN, checkout, terminal)
    assert syncs(calls) == 2


def test_a_disk_in_the_way_is_named(checkout: Checkout, terminal: Terminal) -> None:
    """A folder that cannot be made is named with its path, without a trace."""
    checkout.own.write_text("a file where the folder should be")
    with pytest.raises(CommandError) as caught:
        set_up(RUN, checkout, terminal)
    assert str(checkout.own) in caught.value.what
    assert "writable" in caught.value.next_step


def test_pips_index_serves_uv_too(
    checkout: Checkout, terminal: Terminal, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pip is told of its index is passed on to uv; what uv was told itself wins."""
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.test/simple")
    set_up(RUN, checkout, terminal)
    assert calls.read_text().endswith("index https://mirror.test/simple\n")
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.test/simple")
    assert "UV_DEFAULT_INDEX" not in variables_of_pip()


@pytest.mark.parametrize("version", ["", "uv 0.7.9"])
def test_without_a_usable_uv_pip_installs_one(
    checkout: Checkout, installers: Installers, calls: Path, script: Script, version: str
) -> None:
    """Where the machine's uv is missing or too old, pip puts one into .dev/uv, which is used."""
    script(str(calls.parent / "path" / "uv"), f"echo {version}")
    own = checkout.own / "uv" / "bin" / "uv"
    kept = script(str(calls.parent / "uv"), UV)
    pip = f'echo "$*" >> {calls}; mkdir -p {own.parent}; cp {kept} {own}'
    python = script(str(calls.parent / "python"), f'case "$*" in *install*) {pip};; esac')
    install(RUN, checkout, installers, str(python))
    assert f"--target {checkout.own}/uv" in calls.read_text().splitlines()[0]
    assert is_set_up(RUN, checkout)


def test_a_python_without_pip_makes_an_environment_for_uv(
    checkout: Checkout, installers: Installers, calls: Path, script: Script
) -> None:
    """Where there is only venv, uv gets an environment of its own, in the same place."""
    inside = checkout.own / "uv" / "bin" / "python"
    pip = script(str(calls.parent / "pip"), f'echo "pip $*" >> {calls}')
    make = f"mkdir -p {inside.parent}; cp {pip} {inside}"
    python = script(str(calls.parent / "python"), f"{NO_PIP}\n{make}")
    assert install_uv(checkout, installers, str(python)) == f"{checkout.own}/uv/bin/uv"
    assert calls.read_text().startswith("pip -m pip install")


def test_a_python_without_venv_and_pip_says_what_to_install(
    checkout: Checkout, installers: Installers, script: Script
) -> None:
    """Where nothing helps, the words name Debian's package."""
    python = script(str(checkout.root / "python"), "echo 'ensurepip is not available'; exit 1")
    with pytest.raises(CommandError, match="ensurepip is not available") as caught:
        install_uv(checkout, installers, str(python))
    assert "apt install python3-venv" in caught.value.next_step
