"""Lists as Twilio pages them: newest first, with a token that survives new rows."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from itertools import islice
from urllib.parse import urlencode

from dev.simulator.books import Row, Table
from dev.simulator.errors import RefusalError
from dev.simulator.rest.serving import parse_int

DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE = 50, 1000
DAY = len("2026-01-31")
TOKEN = "PA"  # noqa: S105 # a page token's prefix, no secret

Query = Mapping[str, str]


def build_page(
    table: Table[Row], name: str, path: str, query: Query, fits: Callable[[Row], bool]
) -> dict[str, object]:
    """Return one page of a list, in Twilio's envelope."""
    size = _size(query)
    after = query.get("PageToken", "").removeprefix(TOKEN)
    fitting = filter(fits, table.newest(query.get("To", ""), query.get("From", ""), after))
    rows = list(islice(fitting, size + 1))
    page_rows = rows[:size]
    number = parse_int(query.get("Page", "")) or 0
    filters = {key: value for key, value in query.items() if not key.startswith("Page")}
    first = filters | {"PageSize": str(size), "Page": "0"}
    following = first | {"Page": str(number + 1)}
    more = len(rows) > size
    return {
        name: page_rows,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(len(page_rows) - 1, 0),
        "uri": f"{path}?{urlencode(query)}" if query else path,
        "first_page_uri": f"{path}?{urlencode(first)}",
        "previous_page_uri": None,
        "next_page_uri": (
            f"{path}?{urlencode(following | {'PageToken': TOKEN + page_rows[-1].sid})}"
            if more
            else None
        ),
    }


def _size(query: Query) -> int:
    text = query.get("PageSize", str(DEFAULT_PAGE_SIZE))
    size = parse_int(text)
    if not size:
        raise RefusalError(20001, f"PageSize {text}")
    return min(size, MAX_PAGE_SIZE)


def is_in_range(query: Query, name: str, written: str | None) -> bool:
    """Whether a date passes the filters ``name``, ``name<`` and ``name>`` (inclusive, in UTC).

    ``name`` alone means a day, although Twilio's libraries add midnight to it.
    A row without the date passes only if there is no filter; Twilio's documentation does not say.
    """
    bounds = {sign: query[name + sign] for sign in ("", "<", ">") if name + sign in query}
    if not bounds:
        return True
    if written is None:
        return False
    at = _parse_date(written)
    spans = {sign: _span(text if sign else text[:DAY]) for sign, text in bounds.items()}
    return all(
        (sign == "<" or at >= start) and (sign == ">" or at < end)
        for sign, (start, end) in spans.items()
    )


@lru_cache(maxsize=4096)
def _parse_date(text: str) -> datetime:
    return parsedate_to_datetime(text)


@lru_cache(maxsize=256)
def _span(text: str) -> tuple[datetime, datetime]:
    """Return the day or the second that a filter names."""
    wide = timedelta(seconds=1) if ":" in text else timedelta(days=1)
    try:
        start = datetime.fromisoformat(text)
        start = start.replace(tzinfo=start.tzinfo or UTC)
        return start, start + wide
    except (ValueError, OverflowError):
        raise RefusalError(20001, f"date {text}") from None
