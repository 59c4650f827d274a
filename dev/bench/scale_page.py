"""docs/scale.md shows what `dev.bench.scale` reckons: written there, and held to it."""

from collections.abc import Iterator
from typing import Final

from dev.bench import scale
from dev.checkout import Checkout

PAGE: Final = "docs/scale.md"
BEGIN: Final = "<!-- reckoned by dev/bench/scale.py: begin -->"
END: Final = "<!-- end -->"


def rewrite(checkout: Checkout) -> None:
    """Put today's tables into the page; nothing while some benchmark has not run yet."""
    path, known = checkout.root / PAGE, scale.known()
    if not path.exists() or scale.NEEDED - known.keys():
        return
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    path.write_text(f"{before}{_block(scale.tables(known))}{after}", encoding="utf-8")


def complaints(checkout: Checkout) -> Iterator[str]:
    """Where the page differs from what is reckoned."""
    path, known = checkout.root / PAGE, scale.known()
    if scale.NEEDED - known.keys():
        lacking = ", ".join(sorted(scale.NEEDED - known.keys()))
        yield f"docs/bench lacks {lacking}: run `python3 dev bench`"
    elif _block(scale.tables(known)) not in path.read_text(encoding="utf-8"):
        yield f"{PAGE} does not show what dev/bench/scale.py reckons: run `python3 dev bench start`"


def _block(tables: str) -> str:
    return f"{BEGIN}\n\n{tables}\n\n{END}"
