"""The modules of the pages fit together: a browser shows nothing of a page with a wrong import."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
MODULES = sorted([*HERE.glob("shared/console/*.js"), *HERE.glob("dev/simulator/page/*.js")])
# tests/triggers/test_console.py reads what it exports.
MADE_BY_THE_APP = {"codes.js": {"codes", "futile"}}
IMPORT = re.compile(r'^import (?:\{([^}]*)\}|\* as \w+) from "\./([\w.]+)";', re.MULTILINE)
EXPORT = re.compile(
    r"^export (?:default )?(?:async )?(?:function\*?|class|const|let) (\w+)|^export \{([^}]*)\}",
    re.MULTILINE,
)


def list_names(braced: str) -> list[str]:
    """Return the names of `a, b as c`, each as the module that exports it knows it."""
    return [name.split(" as ")[0].strip() for name in braced.split(",") if name.strip()]


def list_exports(module: Path) -> set[str]:
    if module.name in MADE_BY_THE_APP:
        return MADE_BY_THE_APP[module.name]
    found = EXPORT.findall(module.read_text(encoding="utf-8"))
    return {name for one, several in found for name in (one, *list_names(several)) if name}


@pytest.mark.parametrize(
    "module", MODULES, ids=lambda module: f"{module.parent.name}/{module.name}"
)
def test_a_page_imports_only_what_its_modules_export(module: Path) -> None:
    """Each name stands in the module that it is taken from."""
    text = module.read_text(encoding="utf-8")
    imports = IMPORT.findall(text)
    assert len(imports) == len(re.findall(r"^import ", text, re.MULTILINE))
    missing = [
        f"{name} from {source}"
        for names, source in imports
        for name in list_names(names)
        if name not in list_exports(module.parent / source)
    ]
    assert missing == []
