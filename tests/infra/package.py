"""What is deployed: the files that .funcignore leaves of the checkout."""

from __future__ import annotations

import subprocess

from pathspec import GitIgnoreSpec

from tests.infra.template import CHECKOUT


def deployed() -> list[str]:
    """The files of the package, by their path in it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - from PATH
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    ignored = GitIgnoreSpec.from_lines((CHECKOUT / ".funcignore").read_text().splitlines())
    return sorted(
        path for path in listed if not ignored.match_file(path) and (CHECKOUT / path).is_file()
    )
