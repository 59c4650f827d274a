"""The virtual environment is made, filled, kept and repaired."""

import io
from pathlib import Path

import pytest

from dev.checkout import Checkout
from dev.environment import make_venv, pip_summary, python_packages
from dev.errors import CommandError
from dev.installer import Installer
from dev.parts import bring_up_to_date
from dev.terminal import Terminal
from tests.dev.commands.conftest import Script

DEBIAN = "The virtual environment was not created because ensurepip is not available."


def whole_venv(checkout: Checkout, script: Script, pip: str = "exit 0") -> Path:
    """Lay an environment whose Python notes what pip was asked, and does as told."""
    calls = checkout.root / "calls"
    (checkout.venv / "bin").mkdir(parents=True)
    (checkout.venv / "pyvenv.cfg").write_text("version = 3.11.7")
    note = f'[ "$1" = -c ] && exit 0\necho "$*" >> {calls}\n{pip}'
    script(str(checkout.python), note)
    return calls


def test_a_whole_environment_is_filled_once(
    checkout: Checkout, terminal: Terminal, script: Script
) -> None:
    """Pip runs once with the development pins; the second start is immediate."""
    calls = whole_venv(checkout, script)
    for _ in range(2):
        bring_up_to_date([python_packages(checkout, terminal)], checkout, terminal)
    (call,) = calls.read_text().splitlines()
    assert call.startswith("-m pip install ")
    assert " --no-user " in call
    assert call.endswith(f"-r {checkout.root}/dev/requirements.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "dev/requirements.txt", ".venv/pyvenv.cfg"])
def test_a_changed_pin_is_installed(
    checkout: Checkout, terminal: Terminal, script: Script, name: str
) -> None:
    """A pin of the app, one of development, or another Python brings pip back."""
    calls = whole_venv(checkout, script)
    bring_up_to_date([python_packages(checkout, terminal)], checkout, terminal)
    (checkout.root / name).write_text("changed")
    bring_up_to_date([python_packages(checkout, terminal)], checkout, terminal)
    assert len(calls.read_text().splitlines()) == 2


def test_no_network_is_said_and_leaves_no_stamp(
    checkout: Checkout, terminal: Terminal, script: Script
) -> None:
    """A pip that cannot reach its index ends in words, and the next start tries again."""
    failure = "echo 'Failed to establish a new connection: [Errno 111]'; exit 1"
    calls = whole_venv(checkout, script, failure)
    for _ in range(2):
        with pytest.raises(CommandError, match="no network"):
            bring_up_to_date([python_packages(checkout, terminal)], checkout, terminal)
    assert len(calls.read_text().splitlines()) == 2


def test_debian_without_its_venv_package_uses_the_systems_pip(
    checkout: Checkout, installer: Installer, script: Script
) -> None:
    """Where ensurepip is missing, an empty environment and the system's pip do as well."""
    calls = checkout.root / "calls"
    python = script(
        str(checkout.root / "python"),
        f'echo "$*" >> {calls}; case "$*" in "-m venv --clear /"*) echo "{DEBIAN}"; exit 1;; esac',
    )
    make_venv(checkout, installer, str(python))
    _, bare, pip = calls.read_text().splitlines()
    assert "--without-pip" in bare
    assert pip.startswith(f"-m pip --python {checkout.python} install ")


def test_a_python_without_venv_and_pip_says_what_to_install(
    checkout: Checkout, installer: Installer, script: Script
) -> None:
    """Where nothing helps, the words name Debian's package."""
    python = script(str(checkout.root / "python"), f'echo "{DEBIAN}"; exit 1')
    with pytest.raises(CommandError) as caught:
        make_venv(checkout, installer, str(python))
    assert "apt install python3-venv" in caught.value.next_step


def test_another_failure_of_venv_is_passed_on(
    checkout: Checkout, installer: Installer, script: Script
) -> None:
    """A full disk while the environment is made is called a full disk."""
    python = script(str(checkout.root / "python"), "echo 'No space left on device'; exit 1")
    with pytest.raises(CommandError, match="the disk is full"):
        make_venv(checkout, installer, str(python))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "Collecting aiohttp==3.14.5 (from -r requirements.txt (line 6))",
            "collecting aiohttp==3.14.5",
        ),
        (
            "  Downloading aiohttp-3.14.5-cp311-cp311-manylinux.whl (1.8 MB)",
            "downloading aiohttp-3.14.5",
        ),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("Requirement already satisfied: pip", None),
    ],
)
def test_pip_is_summed_up(line: str, words: str | None) -> None:
    """Of pip's lines, those that name a package are shown, shortened."""
    assert pip_summary(line) == words


def test_the_set_up_says_where_it_goes(
    checkout: Checkout, terminal: Terminal, script: Script, screen: io.StringIO
) -> None:
    """One line says what is being installed, and into which folder."""
    whole_venv(checkout, script)
    bring_up_to_date([python_packages(checkout, terminal)], checkout, terminal)
    assert screen.getvalue() == "set-up     Python packages, into .venv\n"
