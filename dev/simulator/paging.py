"""Lists as Twilio pages them: newest first, with a token that survives new rows."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from urllib.parse import urlencode

from dev.simulator.books import Row, Shelf
from dev.simulator.errors import RefusalError
from dev.simulator.rest import whole

DEFAULT_PAGE, LARGEST_PAGE = 50, 1000
DAY = len("2026-01-31")
TOKEN = "PA"  # noqa: S105 # a page token's prefix, no secret

Query = Mapping[str, str]


def page(
    shelf: Shelf[Row], name: str, path: str, query: Query, fits: Callable[[Row], bool]
) -> dict[str, object]:
    """One page of a list, in Twilio's envelope."""
    size = _size(query)
    after = query.get("PageToken", "").removeprefix(TOKEN)
    rows = filter(fits, shelf.newest(query.get("To", ""), query.get("From", ""), after))
    found = list(islice(rows, size + 1))
    shown = found[:size]
    number = whole(query.get("Page", "")) or 0
    wanted = {key: value for key, value in query.items() if not key.startswith("Page")}
    first = wanted | {"PageSize": str(size), "Page": "0"}
    following = first | {"Page": str(number + 1)}
    more = len(found) > size
    return {
        name: shown,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(len(shown) - 1, 0),
        "uri": f"{path}?{urlencode(query)}" if query else path,
        "first_page_uri": f"{path}?{urlencode(first)}",
        "previous_page_uri": None,
        "next_page_uri": (
            f"{path}?{urlencode(following | {'PageToken': TOKEN + shown[-1].sid})}"
            if more
            else None
        ),
    }


def _size(query: Query) -> int:
    text = query.get("PageSize", str(DEFAULT_PAGE))
    size = whole(text)
    if not size:
        raise RefusalError(20001, f"PageSize {text}")
    return min(size, LARGEST_PAGE)


def in_range(query: Query, name: str, written: str | None) -> bool:
    """Whether a date passes the filters ``name``, ``name<`` and ``name>`` (inclusive, by UTC).

    ``name`` alone means a day, though Twilio's libraries write midnight behind it.
    A row without the date passes only where nothing is asked: Twilio does not say.
    """
    bounds = {sign: query[name + sign] for sign in ("", "<", ">") if name + sign in query}
    if not bounds:
        return True
    if written is None:
        return False
    at = _written(written)
    spans = {sign: _span(text if sign else text[:DAY]) for sign, text in bounds.items()}
    return all(
        (sign == "<" or at >= start) and (sign == ">" or at < end)
        for sign, (start, end) in spans.items()
    )


@lru_cache(maxsize=4096)
def _written(text: str) -> datetime:
    return parsedate_to_datetime(text)


@lru_cache(maxsize=256)
def _span(text: str) -> tuple[datetime, datetime]:
    """The day or the second that a filter names."""
    wide = timedelta(seconds=1) if ":" in text else timedelta(days=1)
    try:
        start = datetime.fromisoformat(text)
        start = start.replace(tzinfo=start.tzinfo or UTC)
        return start, start + wide
    except (ValueError, OverflowError):
        raise RefusalError(20001, f"date {text}") from None
