"""Checks that the documents say what the code does.

A check takes the checkout and yields its complaints, one sentence each; add new ones to CHECKS.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from dev.checkout import Checkout

SETTINGS_HEAD = "| setting | | default |\n|---|---|---|\n"
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#]+)[^)]*\)")


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
    if value is None or value == frozenset():
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_are_documented(checkout: Checkout) -> Iterator[str]:
    """Compare the table in docs/settings.md with the one that the code makes."""
    if settings_table() not in (checkout.root / "docs" / "settings.md").read_text("utf-8"):
        yield "docs/settings.md: the table is not the code's; replace it by:\n" + settings_table()


def links_lead_somewhere(checkout: Checkout) -> Iterator[str]:
    """Check that every link of README and docs/ to a file of the checkout finds it."""
    for page in [checkout.root / "README.md", *sorted((checkout.root / "docs").rglob("*.md"))]:
        for target in LINK.findall(page.read_text("utf-8")):
            if not (page.parent / target).exists():
                yield f"{page.relative_to(checkout.root)}: {target} does not exist"


CHECKS: tuple[Callable[[Checkout], Iterable[str]], ...] = (
    settings_are_documented,
    links_lead_somewhere,
)


def complaints(checkout: Checkout) -> list[str]:
    """Return the complaints of every check."""
    return [complaint for check in CHECKS for complaint in check(checkout)]
