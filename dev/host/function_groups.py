"""Function groups: which functions an instance listens for on a Flex Consumption plan.

HTTP functions share instances, and every queue and timer function has instances of its own.
https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan#per-function-scaling
"""

from collections.abc import Sequence

from dev.host.application import IndexedFunction
from dev.host.errors import AppRefusedError

HTTP = "http"


def group_of(function: IndexedFunction) -> str:
    """Return a function's group: `http`, or `function:` and its name."""
    return HTTP if function.kind == "httpTrigger" else f"function:{function.name}"


def select(functions: Sequence[IndexedFunction], groups: Sequence[str]) -> list[IndexedFunction]:
    """Return the functions of these groups; without a group, all of them.

    Raises:
        AppRefusedError: the app has no such group.
    """
    known = sorted({group_of(function) for function in functions})
    for group in groups:
        if group not in known:
            raise AppRefusedError(f"--function-group {group} is not one of {', '.join(known)}")
    return [f for f in functions if not groups or group_of(f) in groups]
