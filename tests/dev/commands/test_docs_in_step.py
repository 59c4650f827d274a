"""The checks of the documents, on a small checkout of their own."""

import re
from pathlib import Path

from dev.checkout import Checkout
from dev.docs_in_step import links_lead_somewhere, pictures_are_shown, settings_table


def checkout(root: Path, pages: dict[str, str]) -> Checkout:
    for name, text in pages.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Checkout(root)


def test_defaults_are_as_a_person_would_write_them() -> None:
    """A yes or no is lower case, as the setting takes it; nothing is nothing, not `()`."""
    defaults = dict(re.findall(r"^\| `(\w+)` \|.*\| (\S*) \|$", settings_table(), re.MULTILINE))
    assert defaults["SHOW_CONTENT"] == "true"
    assert defaults["DIGEST_KEYS"] == ""
    assert defaults["RETENTION_DAYS"] == "90"


def test_a_link_must_find_its_file_and_heading(tmp_path: Path) -> None:
    """Links to files and headings are followed from the page on which they stand."""
    here = checkout(
        tmp_path,
        {
            "README.md": "[a](docs/a.md) [b](docs/b.md) [c](docs/a.md#one-or-two) [d](#none)",
            "docs/a.md": "# A\n\n## One, or `two`\n\n[up](../README.md) [x](https://example.com)",
        },
    )
    assert list(links_lead_somewhere(here)) == [
        "README.md: docs/b.md does not exist",
        "README.md: #none does not exist",
    ]


def test_a_picture_must_be_shown_and_held_to_its_page(tmp_path: Path) -> None:
    """A picture that nobody sees, or that no test compares, is named."""
    names = ("seen.png", "seen.txt", "hidden.png", "hidden.txt", "untested.png")
    here = checkout(
        tmp_path,
        {f"docs/pictures/{name}": "" for name in names}
        | {"README.md": "![A](docs/pictures/seen.png) ![B](docs/pictures/untested.png)"},
    )
    complaints = list(pictures_are_shown(here))
    assert [each.partition(":")[0] for each in complaints] == [
        "docs/pictures/hidden.png",
        "docs/pictures/untested.png",
    ]
