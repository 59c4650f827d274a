"""What is deployed: the files that .funcignore leaves, as Core Tools reads it and as git does."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

from tests.infra.template import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FUNCIGNORE: Final = CHECKOUT / ".funcignore"
# What lies in a user's clone after `dev run`, `dev test`, `func start`, `func pack` and `azd up`.
LEFT_BEHIND: Final = (
    ".DS_Store",
    ".azure/switchboard/.env",
    ".coverage",
    ".dev/azurite/package.json",
    ".hypothesis/examples/1",
    ".mypy_cache/3.11/cache.db",
    ".pytest_cache/README.md",
    ".python_packages/lib/site-packages/azure/functions/__init__.py",
    ".ruff_cache/0.1/1",
    ".venv/lib/python3.11/site-packages/azure/functions/__init__.py",
    ".vscode/settings.json",
    "AzuriteConfig",
    "LICENSE",
    "__azurite_db_blob__.json",
    "__azurite_db_queue__.json",
    "__azurite_db_queue_extent__.json",
    "__azurite_db_table__.json",
    "__blobstorage__/00000000-0000-0000-0000-000000000000",
    "__pycache__/function_app.cpython-311.pyc",
    "__queuestorage__/00000000-0000-0000-0000-000000000000",
    "dev/__pycache__/run.cpython-311.pyc",
    "env/bin/python",
    "function_app.pyc",
    "htmlcov/index.html",
    "local.settings.json",
    "node_modules/azurite/package.json",
    "shared/.DS_Store",
    "shared/__pycache__/log.cpython-311.pyc",
    "shared/deliver/.ledger.py.swp",
    "shared/deliver/__pycache__/deliver.cpython-313.pyc",
    "shared/log.pyc",
    "switchboard.zip",
    "switchboard_env/lib/python3.11/site-packages/azure/functions/__init__.py",
    "uv.lock",
    "venv/lib/python3.11/site-packages/azure/functions/__init__.py",
)


def list_package() -> list[str]:
    """The files of the package, by their path in it."""
    return list_as_core_tools(list_checkout())


def list_checkout() -> list[str]:
    """The files of the checkout that are committed or could be."""
    listed = _git(CHECKOUT, "ls-files", "--cached", "--others", "--exclude-standard")
    return [path for path in listed if (CHECKOUT / path).is_file()]


def list_as_core_tools(paths: Iterable[str]) -> list[str]:
    """What Core Tools uploads of `paths`.

    As its source has it: a leading slash is dropped, every pattern begins at the root and ends
    at any word boundary, `*` is one or more characters but `/`, and `**` one or more of any.
    """
    patterns = [
        re.escape(line.removeprefix("/")).replace(r"\*\*", ".+").replace(r"\*", "[^/]+")
        for line in map(str.strip, FUNCIGNORE.read_text().splitlines())
        if line and not line.startswith(("#", "!"))
    ]
    ignored = re.compile(rf"(?:{'|'.join(patterns)})\b")
    return sorted(path for path in paths if not ignored.match(path))


def list_as_git(paths: Iterable[str], folder: Path) -> list[str]:
    """What git, and with it azd, leaves of `paths`; `folder` is where a tree of them is made."""
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    _git(folder, "init", "--quiet")
    return sorted(_git(folder, "ls-files", "--others", f"--exclude-from={FUNCIGNORE}"))


def _git(folder: Path, *arguments: str) -> list[str]:
    return subprocess.run(  # noqa: S603 - git, found on the PATH
        ["git", *arguments],  # noqa: S607
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
