"""Texts with placeholders: `Hello {{name}}`, filled for each recipient of a batch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.jobs.request import AnyRequest

# The fields that may hold placeholders, in the values where they are objects.
FILLABLE_FIELDS: Final = ("body", "say", "content_variables")
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

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its placeholders' values, which are never looked at for placeholders."""
        return "".join(
            values[part] if number % 2 else part for number, part in enumerate(self.parts)
        )


def parse_template(text: str) -> Template:
    """The template that a text is."""
    return Template(tuple(PLACEHOLDER.split(text)))


def parse_templates(request: AnyRequest) -> dict[str, Template]:
    """The texts of a request that may hold placeholders, by their path in it."""
    texts = {name: getattr(request, name, None) for name in FILLABLE_FIELDS}
    variables = texts.pop("content_variables") or {}
    texts |= {f"content_variables.{name}": text for name, text in variables.items()}
    return {path: parse_template(text) for path, text in texts.items() if text is not None}


def fill_request(request: AnyRequest, values: Mapping[str, str]) -> AnyRequest:
    """The request of one recipient: its texts with their placeholders filled."""
    texts: dict[str, Any] = {}
    for path, text in parse_templates(request).items():
        name, dot, variable = path.partition(".")
        if dot:
            texts.setdefault(name, {})[variable] = text.fill(values)
        else:
            texts[name] = text.fill(values)
    return msgspec.structs.replace(request, **texts)
