"""README's own commands are there; tests/dev/test_recipes.py runs what it shows."""

import re
from pathlib import Path

from dev.checkout import HERE

README = HERE.root / "README.md"


def test_the_two_commands_are_there() -> None:
    """README names the two commands that do all the set-up, and they exist."""
    text = README.read_text("utf-8")
    assert re.search(r"^python3 dev run\b", text, re.MULTILINE)
    assert re.search(r"^python3 dev test\b", text, re.MULTILINE)
    assert (Path(HERE.root) / "dev" / "__main__.py").exists()
