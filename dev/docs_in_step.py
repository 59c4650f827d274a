"""Checks that the documents say what the code does.

A check takes the checkout and gives its complaints, one sentence each; add new ones to CHECKS.
"""

from collections.abc import Callable, Iterable

from dev.checkout import Checkout

CHECKS: tuple[Callable[[Checkout], Iterable[str]], ...] = ()


def complaints(checkout: Checkout) -> list[str]:
    """Gather what every check has to say."""
    return [complaint for check in CHECKS for complaint in check(checkout)]
