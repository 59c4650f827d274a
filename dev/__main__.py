"""`python3 dev COMMAND`: everything that one does in this checkout.

This file alone keeps to the syntax of every Python 3, so that one that is too old says so instead
of showing a SyntaxError. Annotations stay quoted for the same reason.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)
CANDIDATES = (str(ROOT / ".venv" / "bin" / "python"), "python3.11", "python3.12", "python3.13")


def is_supported(version: "tuple[int, int]") -> bool:
    """Tell whether Azure Functions runs this version of Python, as (major, minor)."""
    return OLDEST <= version <= NEWEST


def version_of(python: str) -> "tuple[int, int]":
    """Ask an interpreter for its version; (0, 0) when it does not answer, as a dead shim does."""
    ask = [python, "-c", "import sys; print(*sys.version_info[:2])"]
    try:
        major, minor = subprocess.check_output(ask, stderr=subprocess.DEVNULL).split()
    except (OSError, ValueError, subprocess.CalledProcessError):
        return (0, 0)
    return (int(major), int(minor))


def find_supported(candidates: "tuple[str, ...]" = CANDIDATES) -> "str | None":
    """Find the first interpreter on the PATH that is supported."""
    paths = (shutil.which(name) for name in candidates)
    return next((path for path in paths if path and is_supported(version_of(path))), None)


def change_python(arguments: "list[str]") -> int:
    """Go on under a supported Python when there is one; otherwise say what is needed."""
    this = "{}.{}".format(*sys.version_info[:2])
    python = find_supported()
    if python is None:
        sys.stderr.write(f"error      Python 3.11, 3.12 or 3.13 is needed; this is {this}\n")
        again = " ".join(["python3.12 dev", *arguments])
        sys.stderr.write(f"next       install one of them, then run: {again}\n")
        return 1
    sys.stderr.write(f"python     {this} is not supported: going on with {python}\n")
    sys.stderr.flush()
    return os.execv(python, [python, str(ROOT / "dev"), *arguments])  # noqa: S606 - no shell wanted


def main(arguments: "list[str]") -> int:
    """Run one command and return its exit status."""
    if not is_supported(sys.version_info[:2]):
        return change_python(arguments)
    # `python3 dev` puts dev/ itself first, where its modules would hide those of others.
    sys.path[:] = [str(ROOT)] + [path for path in sys.path if path != str(ROOT / "dev")]
    from dev.start import start

    return start(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
