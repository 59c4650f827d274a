"""Texts with placeholders: `Hello {{name}}`, filled for each recipient of a batch."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared.jobs.request import REQUEST_OF_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.jobs.events import Accepted
    from shared.jobs.request import AnyRequest

# The fields that may hold placeholders; in objects, their values may.
FILLABLE_FIELDS: Final = ("body", "say", "content_variables")
PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True)
class Template:
    """A text, cut at its placeholders: text and name alternate in `parts`; text comes first."""

    parts: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The placeholders."""
        return frozenset(self.parts[1::2])

    @property
    def broken(self) -> bool:
        """Whether the text has braces that are not part of a placeholder."""
        return any("{{" in part or "}}" in part for part in self.parts[::2])

    @cached_property
    def fixed_length(self) -> int:
        """How many characters stand in every filled text."""
        return sum(map(len, self.parts[::2]))

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each placeholder stands in the text."""
        return Counter(self.parts[1::2])

    def length(self, values: Mapping[str, str]) -> int:
        """Count the characters of the filled text."""
        filled = sum(count * len(values[name]) for name, count in self.counts.items())
        return self.fixed_length + filled

    def fill(self, values: Mapping[str, str]) -> str:
        """Replace the placeholders by their values, in which placeholders are not filled again."""
        return "".join(
            values[part] if number % 2 else part for number, part in enumerate(self.parts)
        )


def parse_template(text: str) -> Template:
    """Parse a text into a template."""
    return Template(tuple(PLACEHOLDER.split(text)))


def parse_templates(request: AnyRequest) -> dict[str, Template]:
    """Return the texts of a request that may hold placeholders, by their path in it."""
    texts = {name: getattr(request, name, None) for name in FILLABLE_FIELDS}
    variables = texts.pop("content_variables") or {}
    texts |= {f"content_variables.{name}": text for name, text in variables.items()}
    return {path: parse_template(text) for path, text in texts.items() if text is not None}


def fill_request(request: AnyRequest, values: Mapping[str, str]) -> AnyRequest:
    """Return the request of one recipient: its texts with their placeholders filled."""
    texts: dict[str, Any] = {}
    for path, text in parse_templates(request).items():
        name, dot, variable = path.partition(".")
        if dot:
            texts.setdefault(name, {})[variable] = text.fill(values)
        else:
            texts[name] = text.fill(values)
    return msgspec.structs.replace(request, **texts)


def request_of_recipient(accepted: Accepted, index: int) -> AnyRequest:
    """Return what was asked for recipient `index` of a job, its placeholders filled.

    Every text or script of a job is read here, so that no recipient sees or hears `{{name}}`.
    """
    request: AnyRequest = msgspec.json.decode(accepted.request, type=REQUEST_OF_KIND[accepted.kind])
    return fill_request(request, accepted.values[index]) if accepted.values else request
