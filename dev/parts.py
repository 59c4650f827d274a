"""Installed once: each part has a fingerprint of what it was made from, stamped when it is whole.

The stamp is written last, so an interrupted install has none and the next start repairs it. One
lock makes two commands on a fresh checkout take turns.
"""

import fcntl
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.checkout import Checkout
from dev.errors import CommandError
from dev.terminal import Terminal


@dataclass(frozen=True)
class Part:
    """Something that is installed: how to tell that it is, and how to make it so."""

    stamp: Path
    fingerprint: Callable[[], str]
    usable: Callable[[], bool]
    install: Callable[[int], None]  # takes the lock's descriptor, to hand to what it starts

    def is_current(self) -> bool:
        """Tell whether the part is there, whole, and made from today's files."""
        try:
            stamped = self.stamp.read_text()
        except OSError:
            return False
        return stamped == self.fingerprint() and self.usable()


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """Give the SHA-256 of some files and texts, in this order."""
    digest = hashlib.sha256()
    for each in (*(file.read_bytes() for file in files), *(text.encode() for text in more)):
        digest.update(hashlib.sha256(each).digest())
    return digest.hexdigest()


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None]) -> Iterator[int]:
    """Hold a file's lock and yield its descriptor; `waiting` is called when another holds it.

    A process that inherits the descriptor keeps the lock: an installer that outlives a killed
    command is waited for, too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def bring_up_to_date(parts: Sequence[Part], checkout: Checkout, terminal: Terminal) -> None:
    """Install the parts that are not current, in order; immediate when all are.

    Raises CommandError when the disk is in the way or an installer says why it cannot go on.
    """
    if all(part.is_current() for part in parts):
        return

    def say_waiting() -> None:
        terminal.item("set-up", "another `python3 dev` is setting up; waiting for it")

    try:
        with locked(checkout.own / "lock", waiting=say_waiting) as lock:
            for part in parts:
                if not part.is_current():
                    part.stamp.unlink(missing_ok=True)
                    part.install(lock)
                    part.stamp.write_text(part.fingerprint())
    except OSError as error:
        raise CommandError(
            f"cannot set up: {error.filename or checkout.root}: {error.strerror}",
            f"make {checkout.root} writable and see that its disk has 600 MB free",
        ) from error
