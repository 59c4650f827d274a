"""A batch's recipients as they are given: rows, or a CSV of a header row and a `to` column.

The other columns are placeholders.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from shared.accept.problems import list_names
from shared.errors import InvalidRequestError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_COLUMNS: Final = 300
_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_SEP_LINE: Final = re.compile(r"\"?sep=([^\w\s\"]|\t)\"?(?:\r\n|\r|\n)", re.IGNORECASE)
_BYTE_ORDER_MARKS: Final = {
    codecs.BOM_UTF8: ("utf-8", "UTF-8 with a byte-order mark"),
    codecs.BOM_UTF16_LE: ("utf-16-le", "UTF-16"),
    codecs.BOM_UTF16_BE: ("utf-16-be", "UTF-16"),
}
_ONE_LINE: Final = (
    "needs a line for the header and one for each recipient; if it was sent with `curl -d`, the "
    "newlines are gone: use --data-binary"
)
# A body is limited as a whole; a long cell need not be one that the texts use.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Row:
    """One recipient as it was given: where it stands, and what keeps it from being read."""

    line: int
    path: str
    values: Mapping[str, Any]
    problem: Problem | None = None


class CsvRows:
    """The rows of a CSV, read one by one.

    A row is named by the line that it begins on, the first line of the file being 1. Blank lines
    are skipped, also those that a spreadsheet writes as separators, and so are empty cells: CSV
    has no other way to leave out a value. A formula is a text like any other.

    Once `read_header` has been called, `columns` are the names in the header, which stands on
    `header_line`, and `assumed` says what was assumed about the file, unless it is UTF-8 with
    commas.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.columns: list[str] = []
        self.header_line = 1
        self.assumed: list[str] = []
        self._rows: Iterator[tuple[int, list[str]]] | None = None

    def read_header(self) -> None:
        """Read the text and its header.

        Raises:
            InvalidRequestError: `not_text`, `no_to_column`, `duplicate_column` or
                `too_many_columns`.
        """
        text = self._decode()
        newlines_gone = bool(text) and not re.search(r"[\r\n]", text)
        separator = self._separator(text)
        if found := _SEP_LINE.match(text):
            text, self.header_line = text[found.end() :], 2
        self._rows = _numbered(text, separator, self.header_line)
        _, header = next(self._rows, (self.header_line, []))
        problem = self._read_columns(header)
        if newlines_gone and problem is None:
            problem = Problem("$", "one_line", f"has one line only, and it {_ONE_LINE}")
        elif newlines_gone and problem is not None:
            problem = replace(problem, message=f"{problem.message}; a CSV {_ONE_LINE}")
        if problem:
            raise InvalidRequestError([replace(problem, line=self.header_line)])

    def __iter__(self) -> Iterator[Row]:
        """Yield each row with its values.

        Raises:
            InvalidRequestError: for what makes the rest unreadable, after the rows before it.
        """
        if self._rows is None:
            self.read_header()
        for line, cells in self._rows or ():
            problem = None
            if len(cells) > len(self.columns) and any(cells[len(self.columns) :]):
                message = (
                    f"has {len(cells)} cells, and the header has {len(self.columns)}; put quotes "
                    'around a text with separators, e.g. "Hello, Ann"'
                )
                problem = Problem("$", "too_many_cells", message, line)
            if any(cells):
                named = zip(self.columns, cells, strict=False)
                yield Row(line, "$", {name: cell for name, cell in named if cell}, problem)

    def _decode(self) -> str:
        body, encoding, name = self._body, "utf-8", "UTF-8"
        for mark, (its_encoding, its_name) in _BYTE_ORDER_MARKS.items():
            if body.startswith(mark):
                body, encoding, name = body.removeprefix(mark), its_encoding, its_name
                self.assumed.append(name)
        try:
            return body.decode(encoding)
        except UnicodeDecodeError as error:
            line = body.count(b"\n", 0, error.start) + 1
            message = f"is not {name.split()[0]}"
            if encoding == "utf-8":
                message += (
                    "; it looks like Windows-1252, as Excel saves a CSV: save it as "
                    '"CSV UTF-8 (Comma delimited)" and send that'
                )
            raise InvalidRequestError([Problem("$", "not_text", message, line)]) from None

    def _separator(self, text: str) -> str:
        """Return what stands between cells: what `sep=` says, or what makes a `to` column."""
        if found := _SEP_LINE.match(text):
            self.assumed.append(f"sep={found[1]}")
            return found[1]
        first_line = re.split(r"[\r\n]", text, maxsplit=1)[0]
        for separator, name in _SEPARATORS.items():
            if "to" in (cell.strip(' "') for cell in first_line.split(separator)):
                if separator != ",":
                    self.assumed.append(f"{name} between columns")
                return separator
        return ","

    def _read_columns(self, header: list[str]) -> Problem | None:
        columns = [name.strip() for name in header]
        while columns and not columns[-1]:
            columns.pop()
        self.columns = columns
        if len(columns) > MAX_COLUMNS:
            message = f"the header has {len(columns)} columns; at most {MAX_COLUMNS} are read"
            return Problem("$", "too_many_columns", message)
        if "to" not in columns:
            named = list(filter(None, columns))
            near = next((name for name in named if name.lower() == "to"), None)
            hint = f"rename {near} to to" if near else f"it has {list_names(named) or 'none'}"
            message = f"the header needs a column named to, e.g. to,name; {hint}"
            return Problem("$", "no_to_column", message)
        if twice := [name for name, count in Counter(columns).items() if name and count > 1]:
            message = f"the header names {list_names(sorted(twice))} twice; rename one of them"
            return Problem("$", "duplicate_column", message)
        return None


def read_csv_rows(body: bytes) -> CsvRows:
    """Return the rows of a CSV, which are read when they are asked for."""
    return CsvRows(body)


def _numbered(text: str, separator: str, first: int) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins on; the text begins on line `first`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    while True:
        line = reader.line_num + first
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            message = f"cannot be read from here on: {error}; check the quotes"
            raise InvalidRequestError([Problem("$", "not_csv", message, line)]) from None
        yield line, cells
