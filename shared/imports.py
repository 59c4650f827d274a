"""Rooms that are imported when they are used: an answer in TwiML waits for its own room alone.

A caller waits in silence for all that a cold worker imports before it answers.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType


_ROOMS: Final = "shared."


class _LaterFinder(PathFinder):
    """Finds the rooms' modules, and leaves running them to their first use.

    Packages run at once. What is not ours is left to others: LazyLoader itself imports some.
    """

    @classmethod
    def find_spec(
        cls,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not fullname.startswith(_ROOMS):
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and not spec.submodule_search_locations:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def imported_when_used() -> Iterator[None]:
    """The rooms' modules that are imported in this block run when something of them is used.

    They must be named as modules: a name that is taken out of one is a use of it.
    """
    sys.meta_path.insert(0, _LaterFinder)
    try:
        yield
    finally:
        sys.meta_path.remove(_LaterFinder)
