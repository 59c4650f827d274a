"""Checks that the documents say what the code does.

A check takes the checkout and yields its complaints, one sentence each; add new ones to CHECKS.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from dev.checkout import Checkout

SETTINGS_HEAD = "| setting | | default |\n|---|---|---|\n"
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:)([^)#]+)[^)]*\)")


def settings_table() -> str:
    """Return README's table of settings, made from the settings themselves."""
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


def settings_in_readme(checkout: Checkout) -> Iterator[str]:
    """Check that README's table of settings is the one that the code makes."""
    if settings_table() not in (checkout.root / "README.md").read_text("utf-8"):
        yield (
            "README.md: the table of settings is not the code's; put this there:\n"
            + settings_table()
        )


def links_lead_somewhere(checkout: Checkout) -> Iterator[str]:
    """Check that every link of README and docs/ to a file of the checkout finds it."""
    for page in [checkout.root / "README.md", *sorted((checkout.root / "docs").rglob("*.md"))]:
        for target in LINK.findall(page.read_text("utf-8")):
            if not (page.parent / target).exists():
                yield f"{page.relative_to(checkout.root)}: {target} does not exist"


def what_scale_needs(checkout: Checkout) -> Iterable[str]:
    """Check that docs/scale.md shows what follows from the benchmarks' figures."""
    from dev.bench import scale_page

    return scale_page.complaints(checkout)


CHECKS: tuple[Callable[[Checkout], Iterable[str]], ...] = (
    settings_in_readme,
    links_lead_somewhere,
    what_scale_needs,
)


def complaints(checkout: Checkout) -> list[str]:
    """Return the complaints of every check."""
    return [complaint for check in CHECKS for complaint in check(checkout)]
