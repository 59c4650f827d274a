"""Word the problems of a request: name near misses, cut callers' texts, and end long lists."""

from __future__ import annotations

import difflib
from itertools import islice
from typing import TYPE_CHECKING, Final

from shared.errors import MAX_PROBLEMS, Problem
from shared.phone_numbers import mask_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

# Near misses cost time, and nobody reads hundreds of them.
MAX_HINTS: Final = 100
_MAX_NAME_CHARACTERS: Final = 64
_MAX_LISTED_NAMES: Final = 10


def limit_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first `MAX_PROBLEMS`, and one more that says that there are others."""
    rest = iter(problems)
    first = list(islice(rest, MAX_PROBLEMS))
    if next(rest, None) is None:
        return first
    message = f"and more: only the first {MAX_PROBLEMS} problems are listed"
    return [*first, Problem("$", "more_problems", message)]


def cut_name(name: str) -> str:
    """Return a name that a caller wrote, cut to a readable length and with numbers masked."""
    name = mask_numbers(name[: 2 * _MAX_NAME_CHARACTERS])
    return name if len(name) <= _MAX_NAME_CHARACTERS else f"{name[:_MAX_NAME_CHARACTERS]}…"


def list_names(names: Collection[str]) -> str:
    """Return names that a caller wrote as a list, of which only the first ten are named."""
    first = [cut_name(name) for name in islice(names, _MAX_LISTED_NAMES)]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")


def suggest_name(name: str, known: Collection[str]) -> str | None:
    """Return the known name that `name` probably meant, or None."""
    if len(name) > _MAX_NAME_CHARACTERS:
        return None
    by_lower = {each.lower().replace("-", "_"): each for each in known}
    lower = name.lower().replace("-", "_")
    return next((by_lower[near] for near in difflib.get_close_matches(lower, by_lower, 1)), None)
