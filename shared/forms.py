"""Form fields and query parameters as they were sent: in order, repeats and blanks included."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Form:
    """Names with their values, in the order in which they were sent; a name may repeat."""

    __slots__ = ("_first", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = tuple(pairs)
        self._first: dict[str, str] = {}
        for name, value in self.pairs:
            self._first.setdefault(name, value)

    def __iter__(self) -> Iterator[str]:
        """Each name once, in the order of its first appearance."""
        return iter(self._first)

    def __contains__(self, name: object) -> bool:
        return name in self._first

    def __repr__(self) -> str:
        # Values are people's numbers and texts: names are all that a log may show.
        return f"Form({', '.join(self)})"

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of `name`, or `default`."""
        return self._first.get(name, default)

    def getall(self, name: str) -> list[str]:
        """Return every value of `name`, in order; an empty list where there is none."""
        return [value for known, value in self.pairs if known == name]


def form_parameters(body: bytes) -> Form:
    """Return the fields of an `application/x-www-form-urlencoded` body.

    Raises:
        UnicodeDecodeError: the body, or what it escapes, is not UTF-8.
    """
    return Form(parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict"))


def query_parameters(url: str) -> Form:
    """Return the parameters after the first `?` of a URL; what is not UTF-8 becomes U+FFFD."""
    query = url.partition("#")[0].partition("?")[2]
    return Form(parse_qsl(query, keep_blank_values=True, errors="replace"))


def is_sid(text: str, *kinds: str) -> bool:
    """Tell whether a text is a well-formed SID of one of the kinds: such as `CA`."""
    return text[:2] in kinds and re.fullmatch("[0-9a-fA-F]{32}", text[2:]) is not None


def snake_case(name: str) -> str:
    """Return a field's name as ours are written: `CallerCity` as `caller_city`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+", "_", name)
    return words.strip("_").lower()
