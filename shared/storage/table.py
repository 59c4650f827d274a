"""The seam to the table: rows by partition and key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Row(NamedTuple):
    """One row: its partition, its key within it, and a text of up to about 400,000 characters."""

    partition: str
    key: str
    text: str


def after_prefix(prefix: str) -> str:
    """Return the smallest name that sorts after every name beginning with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def just_after(name: str) -> str:
    """Return the smallest name that sorts after `name`: no name has a character below a space."""
    return f"{name} "


class Table(Protocol):
    """A table whose rows are inserted once; only erasing replaces them.

    Names sort by their characters. A text is kept to the letter.
    Every method raises StorageUnavailableError where the table does not answer in time.
    """

    async def get(self, partition: str, key: str) -> str | None:
        """Return the text of one row, or None where there is no such row."""
        ...

    def prefix(self, partition: str, start: str, *, page: int = 1000) -> AsyncIterator[Row]:
        """Yield the rows of a partition whose keys begin with `start`, by key."""
        ...

    def range(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        """Yield the rows with `first` <= key < `last` of a partition, by key, `page` at a time."""
        ...

    async def next_partition(self, first: str = "") -> str | None:
        """Return the first partition with any rows at or after `first`."""
        ...

    async def insert(self, row: Row) -> bool:
        """Insert a row; return False, and change nothing, if one of its name is there already."""
        ...

    async def transaction(self, row: Row, beside: Sequence[Row]) -> bool:
        """Insert `row`, and put the rows `beside` it in its partition, in one request.

        Return False, and change nothing, if a row of its name is there already. Rows `beside` it
        take the place of those of their names. Where there are more than 99 of them, the others
        are put before, a hundred a request.
        """
        ...

    async def replace(self, row: Row) -> bool:
        """Give an existing row another text in one request; return False if there is none."""
        ...

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        """Delete rows, a hundred a request; those that are gone already do not matter."""
        ...

    async def check(self) -> None:
        """Find out whether the table can be used, and create it if it is missing."""
        ...
