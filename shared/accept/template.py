"""Texts with placeholders: `Hello {{name}}`, filled for each recipient of a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.accept.request import AnyRequest

PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Template:
    """A text, cut at its placeholders: `parts` are text and name in turns, beginning with text."""

    parts: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The placeholders."""
        return frozenset(self.parts[1::2])

    @property
    def broken(self) -> bool:
        """Whether braces stand in the text that make no placeholder."""
        return any("{{" in part or "}}" in part for part in self.parts[::2])

    def length(self, values: Mapping[str, str]) -> int:
        """How many characters the text has once it is filled."""
        fixed = sum(map(len, self.parts[::2]))
        return fixed + sum(len(values[name]) for name in self.parts[1::2])

    def filled(self, values: Mapping[str, str]) -> str:
        """The text with its placeholders' values, which are never looked at for placeholders."""
        return "".join(
            values[part] if number % 2 else part for number, part in enumerate(self.parts)
        )


def template(text: str) -> Template:
    """The template that a text is."""
    return Template(tuple(PLACEHOLDER.split(text)))


def templates(request: AnyRequest) -> dict[str, Template]:
    """The texts of a request that may hold placeholders, by field."""
    return {
        name: template(text)
        for name in ("body", "say")
        if (text := getattr(request, name, None)) is not None
    }


def filled(request: AnyRequest, values: Mapping[str, str]) -> AnyRequest:
    """The request of one recipient: its texts with their placeholders filled."""
    texts = {name: text.filled(values) for name, text in templates(request).items()}
    return msgspec.structs.replace(request, **texts)
