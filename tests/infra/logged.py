"""The events that the code logs, and those that a KQL query asks for."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from typing import Final

from tests.infra.template import CHECKOUT

_ASKED: Final = re.compile(r'\bevent (?:==|in) \(?((?:"\w+"(?:, )?)+)')
_NOT_FIELDS: Final = frozenset({"level"})
_IN_EVERY_LINE: Final = frozenset({"trace"})


@cache
def find_logged_events() -> dict[str, frozenset[str]]:
    """Every event name that shared/ logs, with the fields that go with it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in (CHECKOUT / "shared").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            function = getattr(getattr(node, "func", None), "id", None)
            if path.name == "log.py" or function not in ("log", "log_error"):
                continue
            assert isinstance(node, ast.Call)
            name = node.args[0]
            assert isinstance(name, ast.Constant), f"{path}: an event's name is a constant"
            found[str(name.value)] |= {word.arg for word in node.keywords if word.arg}
            if function == "log_error":
                found[str(name.value)] |= {"error", "traceback"}
    return {
        name: frozenset(fields - _NOT_FIELDS | _IN_EVERY_LINE) for name, fields in found.items()
    }


def events_in(query: str) -> set[str]:
    """The events that a query names."""
    return {name for names in _ASKED.findall(query) for name in re.findall(r"\w+", names)}


def fields_in(query: str) -> set[str]:
    """The fields that a query reads."""
    return set(re.findall(r"\bf\.(\w+)", query))
