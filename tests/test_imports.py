"""Rooms run when they are used, and not before."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import shared
from shared.imports import imported_when_used

ROOT = Path(__file__).parent.parent
# A module that waits for its first use is not of the plain class yet.
LOADED = """
import json, sys, types
import function_app
print(json.dumps([n for n, m in sys.modules.items() if type(m) is types.ModuleType]))
"""


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A room's module whose import would be noticed."""
    (tmp_path / "late_room.py").write_text("import sys\nsys.modules[__name__ + '.ran'] = sys\n")
    monkeypatch.setattr(shared, "__path__", [*shared.__path__, str(tmp_path)])
    for name in ("shared.late_room", "shared.late_room.ran"):
        monkeypatch.setitem(sys.modules, name, sys)
        monkeypatch.delitem(sys.modules, name)
    return "shared.late_room"


def test_a_room_runs_at_its_first_use(room: str) -> None:
    with imported_when_used():
        module = importlib.import_module(room)
    assert f"{room}.ran" not in sys.modules
    assert module.sys is sys
    assert f"{room}.ran" in sys.modules


def test_outside_the_block_imports_are_as_ever(room: str) -> None:
    with imported_when_used():
        pass
    importlib.import_module(room)
    assert f"{room}.ran" in sys.modules


def test_what_is_not_ours_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """LazyLoader imports modules of Python's own, and on 3.13 cannot do without them."""
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with imported_when_used():
        importlib.import_module("colorsys")
    assert type(sys.modules["colorsys"]) is ModuleType


def test_a_module_that_is_not_there_is_missed_at_once() -> None:
    with imported_when_used(), pytest.raises(ModuleNotFoundError, match=r"shared\.nothing"):
        importlib.import_module("shared.nothing")


def test_the_app_is_imported_without_its_rooms() -> None:
    """A cold worker that is asked for TwiML does not wait for accepting, delivering or the rest."""
    shown = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, check=True, text=True
    )
    rooms = ("accept", "answer", "carrier", "console", "ledger", "openapi")
    loaded = set(json.loads(shown.stdout))
    assert "shared.gateway" in loaded
    ran = {name for name in loaded for room in rooms if name.startswith(f"shared.{room}.")}
    assert ran == set()
    assert not {"msgspec", "twilio", "azure.storage.queue", "azure.data.tables"} & loaded
