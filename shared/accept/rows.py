"""One recipient of a batch as it was given, not yet validated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.errors import Problem


@dataclass(frozen=True)
class Row:
    """One recipient, the line that it begins on, and the problem that keeps it from being read."""

    line: int
    path: str
    values: Mapping[str, Any]
    problem: Problem | None = None
