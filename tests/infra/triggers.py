"""The functions that function_app.py registers, and their triggers."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

from tests.infra.template import CHECKOUT


@cache
def _functions() -> tuple[Any, ...]:
    # A copy of its own: the library lets an app be asked for its functions once only.
    spec = importlib.util.spec_from_file_location("read_here", CHECKOUT / "function_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(module.app.get_functions())


def function_names() -> list[str]:
    """The names of all functions, in their order in function_app.py."""
    return [function.get_function_name() for function in _functions()]


def triggers(kind: str) -> list[dict[str, Any]]:
    """The triggers of a kind, as the host reads them."""
    bindings = [each.get_dict_repr() for f in _functions() for each in f.get_bindings()]
    return [binding for binding in bindings if binding["type"] == kind]
