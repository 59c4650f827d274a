"""The query of a list: its page, and the times between which it looks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from shared.errors import Problem
from shared.jobs import ids

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LIMIT: Final = 100
DEFAULT_LIMIT: Final = "20"
_TIME: Final = "is not a time in RFC 3339 with an offset, e.g. 2026-12-24T18:00:00Z"
# Before and after all that an id can tell.
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(4000, 1, 1, tzinfo=UTC)


class Times(NamedTuple):
    """Return `since` and `until`; None for a bound that is not given."""

    since: datetime | None
    until: datetime | None


def restore_plus(value: str) -> str:
    """Restore a plus sign of numbers or of a time that arrived unescaped, as a space."""
    return re.sub(r"(?<![^,:]) | (?=\d\d:\d\d$)", "+", value)


def read_limit(query: Mapping[str, str]) -> int:
    """Return how many items a page may have; the query was validated."""
    return int(query.get("limit", DEFAULT_LIMIT))


def read_times(query: Mapping[str, str], now: datetime) -> Times:
    """Return the times of a query, within what an id can tell; nothing is later than `now`."""
    since, until = _read_time(query.get("since")), _read_time(query.get("until"))
    return Times(
        since=since and sorted((_EPOCH, since, _LAST))[1],
        until=until and sorted((_EPOCH, until, now))[1],
    )


def validate_times(query: Mapping[str, str]) -> list[Problem]:
    """Return a problem for each of `since` and `until` that is not a time."""
    return [
        Problem(f"$.{name}", "malformed", _TIME)
        for name in Times._fields
        if name in query and _read_time(query[name]) is None
    ]


def validate_page(query: Mapping[str, str]) -> list[Problem]:
    """Return a problem where `limit` or `cursor` cannot be meant."""
    limit, cursor, problems = query.get("limit", DEFAULT_LIMIT), query.get("cursor"), []
    if not (re.fullmatch("[0-9]{1,3}", limit) and 1 <= int(limit) <= MAX_LIMIT):
        message = f"must be a whole number from 1 to {MAX_LIMIT}, e.g. limit={DEFAULT_LIMIT}"
        problems.append(Problem("$.limit", "out_of_range", message))
    if cursor is not None and ids.parse(cursor) is None:
        message = "is not a valid cursor; give the next of the page before, as it stands"
        problems.append(Problem("$.cursor", "malformed", message))
    return problems


def _read_time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return time if time.tzinfo else None
