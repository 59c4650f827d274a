"""The virtual environment `.venv` and the pinned Python packages in it."""

import re
import subprocess
import sys
from pathlib import Path

from dev.checkout import Checkout
from dev.errors import CommandError
from dev.installer import Installer
from dev.parts import Part, fingerprint
from dev.terminal import Terminal

NO_VENV = r"ensurepip is not|No module named '?(venv|ensurepip)"
PIP_OPTIONS = (
    "--disable-pip-version-check",
    "--no-input",
    "--no-user",  # which somebody's pip.conf may ask for, and an environment refuses
    "--retries=2",
    "--progress-bar=off",
)


def python_packages(checkout: Checkout, terminal: Terminal) -> Part:
    """The part of the set-up that pip installs."""

    def install(lock: int) -> None:
        installer = Installer(terminal, checkout.logs / "pip.log", lock)
        terminal.item("set-up", "Python packages, into .venv")
        if not has_pip(checkout.python):
            make_venv(checkout, installer, base_python())
        pip_install(checkout, installer, checkout.requirements[-1])

    return Part(
        stamp=checkout.venv / "set-up.sha256",
        fingerprint=lambda: fingerprint(checkout.requirements, made_for(checkout)),
        usable=checkout.python.exists,  # false for a link to a Python that has gone
        install=install,
    )


def made_for(checkout: Checkout) -> str:
    """Say which Python the environment was made for: its own note, empty when there is none."""
    note = checkout.venv / "pyvenv.cfg"
    return note.read_text() if note.exists() else ""


def has_pip(python: Path) -> bool:
    """Tell whether an environment is whole enough to install into."""
    ask = [
        str(python),
        "-c",
        "import pip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))",
    ]
    try:
        return subprocess.run(ask, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def base_python() -> str:
    """Name an interpreter that is not inside the environment that is about to be made anew."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"


def make_venv(checkout: Checkout, installer: Installer, python: str) -> None:
    """Make an empty environment; where Debian left out the means, with the system's own pip."""
    venv = str(checkout.venv)
    make = [python, "-m", "venv", "--clear", venv]
    status, output = installer.attempt("venv", make, lambda _: "making .venv", checkout.root)
    if status == 0:
        return
    if not re.search(NO_VENV, output):
        raise installer.explain("venv", status, output)
    for command in (
        [python, "-m", "venv", "--clear", "--without-pip", venv],
        [python, "-m", "pip", "--python", str(checkout.python), "install", *PIP_OPTIONS, "pip"],
    ):
        status, output = installer.attempt("venv", command, pip_summary, checkout.root)
        if status != 0:
            raise CommandError(
                "this Python cannot make virtual environments: its venv module is not whole",
                "on Debian or Ubuntu: sudo apt install python3-venv, then repeat the command",
            )


def pip_install(checkout: Checkout, installer: Installer, requirements: Path) -> None:
    """Install a requirements file into the environment; raises CommandError with the reason."""
    pip = [str(checkout.python), "-m", "pip", "install", *PIP_OPTIONS]
    installer.run("pip", [*pip, "-r", str(requirements)], pip_summary, checkout.root)


def pip_summary(line: str) -> str | None:
    """Give the few words of a line of pip's that are worth showing."""
    if found := re.match(r"\s*(Collecting|Downloading) (?:\S*/)?([^\s/-]+(?:-[^\s-]+)?)", line):
        return f"{found[1].lower()} {found[2]}"
    if line.startswith("Installing collected packages:"):
        return f"installing {line.count(',') + 1} packages"
    return None
