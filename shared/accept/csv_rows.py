"""A batch's recipients as CSV: a header row, a `to` column, the rest placeholders."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from shared.accept.batch_request import Row
from shared.errors import InvalidRequestError, Problem

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterator

_HEADER: Final = 1
# A body is limited as a whole; a long cell need not be one that the texts use.
csv.field_size_limit(2**31 - 1)


def read_csv_rows(body: bytes) -> Iterator[Row]:
    """The rows of a CSV in UTF-8 (with or without a byte-order mark), one by one.

    The header is line 1; a row is named by the line that it begins on. Blank lines are passed
    over, also those that a spreadsheet writes as commas, and so are empty cells: CSV has no
    other way to say that there is no value. What looks like a formula is a text like any other.

    Raises:
        InvalidRequestError: while reading, for what makes the rest unreadable.
    """
    rows = _numbered(csv.reader(_lines(body), strict=True))
    columns = _columns(next(rows, (_HEADER, []))[1])
    for line, cells in rows:
        problem = None
        if len(cells) > len(columns):
            words = f"has {len(cells)} cells, and the header has {len(columns)}"
            problem = Problem("$", "too_many_cells", words, line)
        if any(cells):
            named = zip(columns, cells, strict=False)
            yield Row(line, "$", {name: cell for name, cell in named if cell}, problem)


def _lines(body: bytes) -> io.StringIO:
    try:
        return io.StringIO(body.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise InvalidRequestError([Problem("$", "not_text", "is not UTF-8", line)]) from None


def _columns(header: list[str]) -> list[str]:
    columns = [name.strip() for name in header]
    if "to" not in columns:
        words = "the header needs a column named to, and commas between columns"
        raise InvalidRequestError([Problem("$", "no_to_column", words, _HEADER)])
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        words = f"the header names {', '.join(twice)} twice"
        raise InvalidRequestError([Problem("$", "duplicate_column", words, _HEADER)])
    return columns


def _numbered(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on, which is not the one on which reading failed."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidRequestError([Problem("$", "not_csv", str(error), line)]) from None
        yield line, cells
