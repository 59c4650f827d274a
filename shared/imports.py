"""Rooms that are imported when they are used: an answer in TwiML waits for its own room alone.

A caller waits in silence for all that a cold worker imports before it answers.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType


class _LaterFinder(PathFinder):
    """Finds modules as ever, but leaves running them to their first use; packages run at once."""

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        spec = super().find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and not spec.submodule_search_locations:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def imported_when_used() -> Iterator[None]:
    """Modules that are imported in this block run when something of them is used.

    They must be named as modules: a name that is taken out of one is a use of it.
    """
    sys.meta_path.insert(0, _LaterFinder)
    try:
        yield
    finally:
        sys.meta_path.remove(_LaterFinder)
