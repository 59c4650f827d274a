"""Modules of the edge are imported when they are used, and the look of Azure's worker uses none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from shared import triggers

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
# Both generations of the worker look for the app like this:
# https://github.com/Azure/azure-functions-python-worker
LOOK = """
import json, sys
import function_app
from azure.functions.decorators.function_app import FunctionRegister
found = [
    name for name in function_app.__dir__()
    if isinstance(getattr(function_app, name, None), FunctionRegister)
]
print(json.dumps([found, list(sys.modules)]))
"""


@pytest.fixture(scope="module")
def looked() -> tuple[list[str], set[str]]:
    """What the worker finds in a new process, and every module that is imported by then."""
    ran = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, check=True, text=True
    )
    found, modules = json.loads(ran.stdout.splitlines()[-1])
    return found, set(modules)


def test_the_worker_finds_the_app(looked: tuple[list[str], set[str]]) -> None:
    """There is one FunctionApp, under the name `app`."""
    assert looked[0] == ["app"]


def test_the_look_imports_no_handler(looked: tuple[list[str], set[str]]) -> None:
    """A cold worker that is asked for TwiML does not wait for accepting, delivering or the rest."""
    layers = ("accept", "console", "deliver", "inbound", "jobs", "ledger", "provider", "twiml")
    imported = {name for name in looked[1] for layer in layers if name == f"shared.{layer}"}
    assert imported == set()
    ours = {name for name in looked[1] if name.startswith("shared.triggers.")}
    assert ours == {"shared.triggers.responses"}


def test_the_look_imports_no_heavy_library(looked: tuple[list[str], set[str]]) -> None:
    """Libraries that a TwiML answer can do without are not imported for it."""
    heavy = {
        "msgspec",
        "twilio",
        "phonenumbers",
        "aiohttp",
        "azure.storage.queue",
        "azure.identity",
    }
    assert heavy & looked[1] == set()


def test_a_handler_is_imported_when_it_is_named() -> None:
    """An attribute of the package is its module; what is not one is missing like any attribute."""
    assert triggers.health.__name__ == "shared.triggers.health"
    with pytest.raises(AttributeError, match="no_such_module"):
        triggers.no_such_module  # noqa: B018 - that is the point


def test_a_handler_that_cannot_be_imported_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is missing inside a handler is not taken for a missing handler."""
    (tmp_path / "broken_handler.py").write_text("import no_such_library\n")
    monkeypatch.setattr(triggers, "__path__", [*triggers.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        triggers.broken_handler  # noqa: B018 - that is the point
