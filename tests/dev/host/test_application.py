from pathlib import Path

from tests.dev.host.running_host import running_host

HEAD = "import azure.functions as func\napp = func.FunctionApp(http_auth_level='ANONYMOUS')\n"


def write(folder: Path, source: str) -> Path:
    (folder / "host.json").write_text('{"version": "2.0"}')
    (folder / "function_app.py").write_text(HEAD + source)
    return folder


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


def test_of_two_routes_that_fit_the_first_name_wins(tmp_path: Path) -> None:
    """Functions are tried by name, letters before `_`, however exact their routes are."""
    source = (
        "@app.route('x/new')\ndef a_b(req: func.HttpRequest) -> str: return 'literal'\n"
        "@app.route('x/{id}')\ndef ab(req: func.HttpRequest) -> str: return 'parameter'\n"
    )
    with running_host(write(tmp_path, source), tmp_path / "errors.txt") as host:
        assert host.ask("GET", "/api/x/new").body == b"parameter"
