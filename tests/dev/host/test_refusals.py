import socket
from pathlib import Path

import pytest

from tests.dev.host.running_host import APPS, start
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

HOST_JSON = '{"version": "2.0"}'
HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
HTTP = '@app.route("a")\ndef first(req: func.HttpRequest) -> str: return ""\n'

REFUSED = {
    "an import error": ("import no_such_module\n", "No module named 'no_such_module'"),
    "an exit at import": ("raise SystemExit(1)\n", "fails when it is imported"),
    "no app": ("import azure.functions\n", "exactly one FunctionApp"),
    "two apps": (f"{HEAD}other = func.FunctionApp()\n", "it holds 2"),
    "a name used twice": (
        f"{HEAD}{HTTP}@app.route('b')\ndef first(req: func.HttpRequest) -> str: return ''\n",
        "first does not have a unique function name",
    ),
    "a route and method used twice": (
        (
            f"{HEAD}{HTTP}@app.route('A', methods=['GET'])\n"
            "def second(req: func.HttpRequest) -> str: return ''\n"
        ),
        "second: route 'A' and a method of it are first's",
    ),
    "a route of the host's own": (
        f"{HEAD}@app.route('administer')\ndef x(req: func.HttpRequest) -> str: return ''\n",
        "x: route 'administer' begins with admin or runtime",
    ),
    "a malformed route": (
        f"{HEAD}@app.route('a/{{id:odd}}')\ndef x(req: func.HttpRequest) -> str: return ''\n",
        "x: :odd is not a route constraint",
    ),
    "an underscore in arg_name": (
        (
            f"{HEAD}@app.queue_trigger(arg_name='the_msg', queue_name='q', connection='C')\n"
            "def x(the_msg: func.QueueMessage) -> None: ...\n"
        ),
        "x: arg_name 'the_msg' may hold letters and digits only",
    ),
    "a parameter that is not the arg_name": (
        (
            f"{HEAD}@app.queue_trigger(arg_name='msg', queue_name='q', connection='C')\n"
            "def x(message: func.QueueMessage) -> None: ...\n"
        ),
        "x: its parameters ['message'] are not its arg_name 'msg'",
    ),
    "a return type that may be None": (
        f"{HEAD}@app.route('a')\ndef x(req: func.HttpRequest) -> func.HttpResponse | None: ...\n",
        "is neither HttpResponse nor str",
    ),
    "an argument of another trigger": (
        f"{HEAD}@app.route('a')\ndef x(req: func.QueueMessage) -> str: return ''\n",
        "does not fit a httpTrigger",
    ),
    "an annotation that is not there at run time": (
        (
            "from __future__ import annotations\n"
            f"{HEAD}@app.route('a')\ndef x(req: Missing) -> str: return ''\n"
        ),
        "x: its annotations cannot be read when it runs: name 'Missing' is not defined",
    ),
    "a trigger that is not served here": (
        (
            f"{HEAD}@app.blob_trigger(arg_name='b', path='p', connection='C')\n"
            "def x(b: func.InputStream) -> None: ...\n"
        ),
        "x: the local host serves one HTTP, queue or timer trigger per function",
    ),
    "a malformed schedule": (
        (
            f"{HEAD}@app.timer_trigger(arg_name='t', schedule='often')\n"
            "def x(t: func.TimerRequest) -> None: ...\n"
        ),
        "x: 'often' is not a schedule",
    ),
}


def refusal(folder: Path, source: str, host_json: str = HOST_JSON) -> tuple[int, str]:
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(host_json)
    errors = folder / "errors.txt"
    with start(folder, errors) as process:
        code = process.wait(PATIENCE_SECONDS)
    return code, errors.read_text()


@pytest.mark.parametrize("case", REFUSED)
def test_an_app_that_azure_refuses_is_refused(case: str, tmp_path: Path) -> None:
    """The host ends with code 3 and names the function and what is wrong with it."""
    source, problem = REFUSED[case]
    code, said = refusal(tmp_path, source)
    assert (code, problem in said) == (3, True), said


@pytest.mark.parametrize(
    "host_json",
    [
        "{",
        '{"extensions": {"queues": {"batchSize": 33}}}',
        '{"extensions": {"queues": {"maxPollingInterval": "2 s"}}}',
        '{"extensions": {"queues": {"messageEncoding": "utf-8"}}}',
    ],
)
def test_a_host_json_that_azure_refuses_is_refused(host_json: str, tmp_path: Path) -> None:
    """The host ends with code 3 and names host.json."""
    code, said = refusal(tmp_path, HEAD + HTTP, host_json)
    assert (code, "host.json: " in said) == (3, True), said


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    """The host ends with code 4 and one line that names the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with start(APPS / "http_app", tmp_path / "errors.txt", "--port", str(port)) as process:
            assert process.wait(PATIENCE_SECONDS) == 4
    assert (tmp_path / "errors.txt").read_text() == (
        f"port {port} cannot be used: Address already in use\n"
    )


def test_an_unknown_function_group_is_refused(tmp_path: Path) -> None:
    """The host ends with code 3 and names the groups that there are."""
    flags = ("--function-group", "function:nothing")
    with start(APPS / "http_app", tmp_path / "errors.txt", *flags) as process:
        assert process.wait(PATIENCE_SECONDS) == 3
    assert "function:nothing is not one of http" in (tmp_path / "errors.txt").read_text()
