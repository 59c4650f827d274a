"""Installs what a command needs, once: Python packages with uv, Azurite with npm.

Each folder has a stamp: which sets are in it, and a fingerprint of the files they come from. It
is deleted before an install and written after it, so that the next start repairs an interrupted
one. A lock makes two commands take turns.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import Checkout
from dev.errors import CommandError
from dev.installers import Installers, Program
from dev.locks import locked
from dev.node_runtime import NODE_MIN_VERSION, find_node, version_of
from dev.terminal import Terminal

UV_MIN_VERSION = (0, 8)  # the first that reads the lock file's revision
UV_VARIABLES = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-progress", "--fetch-retries=2")
NO_NODE = f"install Node {NODE_MIN_VERSION[0]} or later with npm, then repeat the command"


@dataclass(frozen=True)
class Need:
    """What a command needs: dependency groups of pyproject.toml, and Azurite or not."""

    groups: frozenset[str]
    azurite: bool = True


@dataclass(frozen=True)
class Stamp:
    """The file that says which sets are installed in a folder."""

    path: Path
    sources: Sequence[Path]

    def sets(self) -> frozenset[str]:
        """Return what is installed, perhaps from older files; nothing after an interruption."""
        return frozenset(self._lines()[1:])

    def covers(self, names: frozenset[str]) -> bool:
        """Tell whether these sets are installed, from the files as they are now."""
        return self._lines()[0] == self._fingerprint() and names <= self.sets()

    @contextmanager
    def renewed(self, names: frozenset[str]) -> Iterator[None]:
        """Delete the stamp during an install, and write it when that succeeded."""
        self.path.unlink(missing_ok=True)
        yield
        self.path.write_text("\n".join([self._fingerprint(), *sorted(names)]))

    def _lines(self) -> list[str]:
        try:
            return self.path.read_text().split("\n")
        except OSError:
            return [""]

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for source in self.sources:
            content = source.read_bytes() if source.exists() else b""
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()


def python_stamp(checkout: Checkout) -> Stamp:
    """Return the stamp of the Python packages."""
    names = ("uv.lock", "pyproject.toml", ".venv/pyvenv.cfg")
    return Stamp(checkout.venv / "set-up", [checkout.root / name for name in names])


def node_stamp(checkout: Checkout) -> Stamp:
    """Return the stamp of Node's packages."""
    folder = checkout.root / "dev" / "node"
    return Stamp(checkout.node / "set-up", [folder / "package.json", folder / "package-lock.json"])


def is_set_up(need: Need, checkout: Checkout) -> bool:
    """Tell whether everything is installed, and from the files as they are now."""
    if not (python_stamp(checkout).covers(need.groups) and checkout.python.exists()):
        return False
    if not need.azurite:
        return True
    return node_stamp(checkout).covers(node_sets(need)) and find_node(checkout) is not None


def node_sets(need: Need) -> frozenset[str]:
    """Return which of Node's packages are needed: Azurite, or also those of tests."""
    return frozenset({"run", "test"} if "test" in need.groups else {"run"})


def set_up(need: Need, checkout: Checkout, terminal: Terminal) -> None:
    """Install what is missing; immediate when nothing is.

    Raises CommandError when the disk is in the way or an installer says why it cannot go on.
    """
    if is_set_up(need, checkout):
        return

    def say_waiting() -> None:
        terminal.item("set-up", "another `python3 dev` is setting up; waiting for it")

    try:
        with locked(checkout.own / "lock", waiting=say_waiting) as lock:
            if not is_set_up(need, checkout):
                with Installers(terminal, checkout.logs, lock) as installers:
                    install(need, checkout, installers, base_python())
    except OSError as error:
        raise CommandError(
            f"cannot set up: {error.filename or checkout.root}: {error.strerror}",
            f"make {checkout.root} writable and see that its disk has 600 MB free",
        ) from error


def install(need: Need, checkout: Checkout, installers: Installers, python: str) -> None:
    """Install Node's packages while Python's are, or after them where Node is one of them.

    `python` is an interpreter outside the environment.
    """
    stamp = node_stamp(checkout)
    wants_npm = need.azurite and not stamp.covers(node_sets(need))
    what = "Python packages into .venv" + (", Azurite into .dev/node" if wants_npm else "")
    installers.terminal.item("set-up", what)
    groups = need.groups
    npm = None
    if need.azurite and find_node(checkout) is None:
        groups |= {"node"}
    elif wants_npm:
        npm = start_npm(need, checkout, installers)
    if not is_set_up(Need(groups, azurite=False), checkout):
        install_python(groups, checkout, installers, python)
    if wants_npm:
        npm = npm or start_npm(need, checkout, installers)
        with stamp.renewed(node_sets(need)):
            installers.finish(npm)


def install_python(
    groups: frozenset[str], checkout: Checkout, installers: Installers, python: str
) -> None:
    """Install the app's packages and those of some groups, beside those that are there."""
    uv = find_uv(checkout) or install_uv(checkout, installers, python)
    stamp, root = python_stamp(checkout), checkout.root
    groups |= stamp.sets()
    if not (stamp.sets() and checkout.python.exists()):
        if checkout.venv.is_symlink():
            raise CommandError(
                f"{checkout.venv} is a link to {checkout.venv.resolve()}, and not complete",
                "clearing it would empty that folder: rm .venv, then repeat the command",
            )
        # Also after an interruption: half a package may look like a whole one.
        venv = [uv, "venv", "--clear", "--no-project", f"--python={python}"]
        installers.run("uv", [*venv, str(checkout.venv)], root)
    with stamp.renewed(groups):
        # By way of a file that names hashes but no index, so that pip's index serves uv, too.
        pins = str(checkout.own / "requirements.txt")
        export = [uv, "export", "--frozen", "--no-emit-project", "--no-default-groups"]
        chosen = [f"--group={name}" for name in sorted(groups)]
        installers.run("uv", [*export, *chosen, f"--output-file={pins}"], root)
        sync = [uv, "pip", "sync", "--require-hashes", f"--python={checkout.python}", pins]
        installers.run("uv", sync, root, **variables_of_pip())


def find_uv(checkout: Checkout) -> str | None:
    """Find uv on the PATH, or in the checkout."""
    candidates = (shutil.which("uv"), str(checkout.own / "uv" / "bin" / "uv"))
    return next((uv for uv in candidates if uv and version_of(uv) >= UV_MIN_VERSION), None)


def install_uv(checkout: Checkout, installers: Installers, python: str) -> str:
    """Install uv into .dev/uv with this Python's pip, or one of an environment of its own."""
    folder = checkout.own / "uv"
    options = ("--disable-pip-version-check", "--no-input", "--retries=2", "--requirement")
    pip = ["-m", "pip", "install", *options, str(checkout.root / "dev" / "requirements.txt")]
    if has_pip(python):
        # --no-user: somebody's pip.conf may ask for the opposite, which excludes --target.
        pip = [*pip, "--no-user", "--upgrade", "--target", str(folder)]
    else:
        try:
            installers.run("venv", [python, "-m", "venv", "--clear", str(folder)], checkout.root)
        except CommandError as error:
            raise CommandError(
                f"this Python has neither pip nor a venv module that works ({error.what})",
                "on Debian or Ubuntu: sudo apt install python3-venv, then repeat the command",
            ) from error
        python = str(folder / "bin" / "python")
    installers.run("pip", [python, *pip], checkout.root, PIP_REQUIRE_VIRTUALENV="0")
    return str(folder / "bin" / "uv")


def start_npm(need: Need, checkout: Checkout, installers: Installers) -> Program:
    """Start to install Node's packages from their lock file."""
    runtime = find_node(checkout)
    if runtime is None:
        raise CommandError("there is no Node 20+ here, and PyPI's does not run", NO_NODE)
    checkout.node.mkdir(parents=True, exist_ok=True)
    for source in node_stamp(checkout).sources:
        shutil.copy(source, checkout.node)
    omit = () if "test" in node_sets(need) else ("--omit=dev",)
    return installers.start("npm", [*runtime.npm, "ci", *omit, *NPM_OPTIONS], checkout.node)


def base_python() -> str:
    """Name an interpreter that is not inside the environment that is about to be made."""
    if sys.prefix == sys.base_prefix:
        return sys.executable
    return f"{sys.base_prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"


def has_pip(python: str) -> bool:
    """Tell whether a Python has pip."""
    ask = [python, "-m", "pip", "--version"]
    return subprocess.run(ask, check=False, capture_output=True).returncode == 0


def variables_of_pip() -> dict[str, str]:
    """Return what pip is told about its index, for uv, which reads nothing of pip's."""
    ask = [base_python(), "-m", "pip", "config", "list"]
    said = subprocess.run(ask, check=False, capture_output=True, text=True).stdout
    values = dict(re.findall(r"^[^.\n]+\.([\w-]+)='(.*)'$", said, re.MULTILINE))
    found = {variable: values[name] for name, variable in UV_VARIABLES.items() if name in values}
    return {name: value for name, value in found.items() if name not in os.environ}
