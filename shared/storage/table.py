"""The seam to the table: rows in, rows out, nothing ever updated."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class Row(NamedTuple):
    """One row: its partition, its key within it, and a text of up to about 400,000 characters."""

    partition: str
    key: str
    text: str


class Table(Protocol):
    """A table that only grows, but for `delete`.

    Every method raises StorageUnavailableError where the table does not answer in time.
    """

    async def insert(self, row: Row) -> bool:
        """Keep a row; False, and nothing changed, if one of its name is there already."""
        ...

    def read(
        self, partition: str, first: str = "", last: str | None = None, *, page: int = 1000
    ) -> AsyncIterator[Row]:
        """The rows with `first` <= key < `last` of a partition, by key, `page` at a time."""
        ...

    async def next_partition(self, partition: str) -> str | None:
        """The first partition with any rows at or after `partition`."""
        ...

    async def delete(self, partition: str, keys: Sequence[str]) -> None:
        """Remove rows; those that are gone already do not matter."""
        ...

    async def check(self) -> None:
        """Find out whether the table can be used, creating it if need be."""
        ...
