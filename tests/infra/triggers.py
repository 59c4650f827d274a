"""The triggers that function_app.py registers."""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import Any

from tests.infra.template import CHECKOUT


@cache
def _bindings() -> tuple[dict[str, Any], ...]:
    # A copy of its own: the library lets an app be asked for its functions once only.
    spec = importlib.util.spec_from_file_location("read_here", CHECKOUT / "function_app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(
        binding.get_dict_repr()
        for function in module.app.get_functions()
        for binding in function.get_bindings()
    )


def triggers(kind: str) -> list[dict[str, Any]]:
    """The triggers of a kind, as the host reads them."""
    return [binding for binding in _bindings() if binding["type"] == kind]
