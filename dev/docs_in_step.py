"""Checks that the documents say what the code does.

A check takes the checkout and yields its complaints, one sentence each; add new ones to CHECKS.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from dev.checkout import Checkout

SETTINGS_HEAD = "| setting | | default |\n|---|---|---|\n"
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#]*)#?([^)]*)\)")


def settings_table() -> str:
    """Return the table of settings, made from the settings themselves."""
    from shared.settings import env_name, named_settings

    rows = []
    for setting in named_settings():
        kind = "required" if setting.metadata["required"] else _default(setting.default)
        means = setting.metadata["means"] + (" (secret)" if setting.metadata["secret"] else "")
        rows.append(f"| `{env_name(setting)}` | {means} | {kind} |\n")
    return SETTINGS_HEAD + "".join(rows)


def _default(value: object) -> str:
    if value is None or value in (frozenset(), ()):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_are_documented(checkout: Checkout) -> Iterator[str]:
    """Compare the table in docs/settings.md with the one that the code makes."""
    if settings_table() not in (checkout.root / "docs" / "settings.md").read_text("utf-8"):
        yield "docs/settings.md: the table is not the code's; replace it by:\n" + settings_table()


def links_lead_somewhere(checkout: Checkout) -> Iterator[str]:
    """Check that every link of a document to a file, or a heading in one, finds it."""
    for page in _pages(checkout):
        for target, heading in LINK.findall(page.read_text("utf-8")):
            found = page.parent / target if target else page
            if not found.exists():
                yield f"{page.relative_to(checkout.root)}: {target} does not exist"
            elif heading and heading not in _anchors(found):
                yield f"{page.relative_to(checkout.root)}: {target}#{heading} does not exist"


def pictures_are_shown(checkout: Checkout) -> Iterator[str]:
    """Check that each picture is shown on a page, and held to what it shows by a test."""
    shown = {
        (page.parent / target).resolve()
        for page in _pages(checkout)
        for target, _ in LINK.findall(page.read_text("utf-8"))
    }
    for picture in sorted((checkout.root / "docs" / "pictures").glob("*.png")):
        if picture.resolve() not in shown:
            yield f"docs/pictures/{picture.name}: no page shows it; delete it"
        if not picture.with_suffix(".txt").exists():
            yield f"docs/pictures/{picture.name}: no test holds it to its page (tests/browser.py)"


def _pages(checkout: Checkout) -> list[Path]:
    return [*sorted(checkout.root.glob("*.md")), *sorted((checkout.root / "docs").rglob("*.md"))]


def _anchors(page: Path) -> set[str]:
    """Return what GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


CHECKS: tuple[Callable[[Checkout], Iterable[str]], ...] = (
    settings_are_documented,
    links_lead_somewhere,
    pictures_are_shown,
)


def complaints(checkout: Checkout) -> list[str]:
    """Return the complaints of every check."""
    return [complaint for check in CHECKS for complaint in check(checkout)]
