import sys
from pathlib import Path

import pytest

from dev.host.application import IndexedFunction, index
from dev.host.errors import AppRefusedError
from dev.host.function_groups import select
from tests.dev.host.running_host import running_host

HEAD = "import azure.functions as func\napp = func.FunctionApp(http_auth_level='ANONYMOUS')\n"


def write(folder: Path, source: str) -> Path:
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(HEAD + source)
    return folder


@pytest.mark.slow
def test_the_app_runs_in_its_own_folder(tmp_path: Path) -> None:
    """The app imports its own modules and opens files beside it, wherever the host started."""
    (tmp_path / "beside.py").write_text("TEXT = open('beside.txt').read()\n")
    (tmp_path / "beside.txt").write_text("beside")
    source = (
        "from beside import TEXT\n"
        "@app.route('a')\ndef x(req: func.HttpRequest) -> str: return TEXT\n"
    )
    with running_host(write(tmp_path, source), tmp_path / "errors.txt") as host:
        assert host.ask("GET", "/api/a").body == b"beside"


@pytest.mark.slow
def test_of_two_routes_that_fit_the_first_name_wins(tmp_path: Path) -> None:
    """Functions are tried by name, letters before `_`, however exact their routes are."""
    source = (
        "@app.route('x/new')\ndef a_b(req: func.HttpRequest) -> str: return 'literal'\n"
        "@app.route('x/{id}')\ndef ab(req: func.HttpRequest) -> str: return 'parameter'\n"
    )
    with running_host(write(tmp_path, source), tmp_path / "errors.txt") as host:
        assert host.ask("GET", "/api/x/new").body == b"parameter"


def import_app(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Index an app of a name of its own; gives its functions' names."""
    name = f"app_{folder.name}"
    (folder / f"{name}.py").write_text(HEAD + source)
    monkeypatch.syspath_prepend(folder)
    return [function.name for function in index(name)]


def test_looks_at_every_name_as_the_worker_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lazily loaded object runs, because `isinstance` asks it for its class."""
    source = (
        "seen = []\n"
        "class Lazy:\n"
        "    @property\n"
        "    def __class__(self):\n"
        "        seen.append('looked')\n"
        "        return Lazy\n"
        "lazy = Lazy()\n"
        "def __getattr__(name):\n"
        "    seen.append(name)\n"
        "    raise AttributeError(name)\n"
        "def __dir__(): return ['app', 'lazy', 'missing']\n"
    )
    assert import_app(tmp_path, source, monkeypatch) == []
    seen = sys.modules[f"app_{tmp_path.name}"].seen
    assert seen[-2:] == ["looked", "missing"]


def test_looks_at_the_names_that_the_module_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a `__dir__` of its own, a module decides what is seen, such as its app alone."""
    source = (
        "other = func.FunctionApp()\n"
        "def __dir__(): return ['app']\n"
        "@app.route('a')\ndef x(req: func.HttpRequest) -> str: return ''\n"
    )
    assert import_app(tmp_path, source, monkeypatch) == ["x"]


@pytest.mark.slow
def test_a_route_that_another_hides_is_said(tmp_path: Path) -> None:
    """The functions' names decide which route is tried first, and Azure says nothing of it."""
    source = (
        "@app.route('x/{id}', methods=['GET'])\ndef a(req: func.HttpRequest) -> str: return ''\n"
        "@app.route('x/new', methods=['GET'])\ndef b(req: func.HttpRequest) -> str: return ''\n"
        "@app.route('x/new', methods=['POST'])\ndef c(req: func.HttpRequest) -> str: return ''\n"
        "@app.route('x/{*rest}')\ndef d(req: func.HttpRequest) -> str: return ''\n"
    )
    with running_host(write(tmp_path, source), tmp_path / "errors.txt"):
        pass
    warnings = [w for w in (tmp_path / "errors.txt").read_text().splitlines() if "hides" in w]
    assert len(warnings) == 1
    assert "a hides b: its route x/{id} fits too, and its name comes first" in warnings[0]


def test_groups_select_functions() -> None:
    """HTTP functions are one group, every other function is its own."""
    functions = [function_of(name, kind) for name, kind in FUNCTIONS]
    assert select(functions, []) == functions
    assert [f.name for f in select(functions, ["http"])] == ["a", "b"]
    assert [f.name for f in select(functions, ["function:c", "function:d"])] == ["c", "d"]
    with pytest.raises(AppRefusedError, match="function:a is not one of function:c, function:d"):
        select(functions, ["function:a"])


FUNCTIONS = [
    ("a", "httpTrigger"),
    ("b", "httpTrigger"),
    ("c", "queueTrigger"),
    ("d", "timerTrigger"),
]


def function_of(name: str, kind: str) -> IndexedFunction:
    return IndexedFunction(name, print, "x", {"type": kind}, wants_context=False)
