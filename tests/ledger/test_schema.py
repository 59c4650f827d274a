"""The schema is the only place that names partitions, and the page about it says the same."""

import ast
from collections.abc import Iterator
from pathlib import Path

from shared.ledger import schema
from tests.ledger.table_page import PAGE, render_page

SHARED = Path(schema.__file__).parents[1]


def test_the_page_is_as_the_schema() -> None:
    """docs/table.md is what the schema makes of it."""
    assert PAGE.read_text() == render_page(), "run: python -m tests.ledger.table_page"


def texts(path: Path) -> Iterator[str]:
    """Every text in a module that is not a docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and id(node) not in docstrings:
            yield value


def test_no_other_module_names_a_partition() -> None:
    """No module but the schema, and storage, has a text that is a partition's name or an end."""
    modules = [
        path
        for path in SHARED.rglob("*.py")
        if path.name not in ("schema.py", "gsm.py", "links.py")
    ]
    found = [
        (path.name, text)
        for path in modules
        if path.parent.name != "storage"
        for text in texts(path)
        if text.startswith("~")
        or (text in ("!", "/") and path.parent.name in ("ledger", "deliver", "accept", "inbound"))
    ]
    assert found == []


def test_names_are_apart() -> None:
    """No kind's name begins another's, so that ranges of partitions and keys hold one kind."""
    names = [rows.first for rows in schema.EVERYTHING if not rows.beside]
    names += [rows.place("") for rows in schema.EVERYTHING if rows.beside and rows.name]
    assert len(set(names)) == len(names)
    assert not [(a, b) for a in names for b in names if a != b and a.startswith(b)]
    assert all(rows.name.startswith(schema.PAST_DAYS) for rows in schema.EVERYTHING if rows.name)
