"""`python3 dev run`, whole: from the command to the last process that ends."""

# ruff: noqa: S603 - starts only our own programs and ps

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from azure.data.tables import TableClient
from azure.storage.queue import QueueClient

from dev.azurite import connection_string
from dev.checkout import HERE
from dev.ports import free_ports
from tests.dev.commands.conftest import Script
from tests.dev.commands.running import IS_SET_UP, Running

STAND_IN = Path(__file__).parent / "stand_in.py"
SECRET = "a-secret-of-mine"
OUT_OF_REACH = "out of reach: the app ended, as in Azure; next start in"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up"),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay a checkout that shares what is installed here, with stand-ins for our own servers."""
    names = ("pyproject.toml", "uv.lock", "local.settings.json.example")
    copied = [*HERE.root.glob("dev/*.*"), *HERE.root.glob("dev/node/*")]
    copied += [HERE.root / name for name in names]
    for file in copied:
        copy = tmp_path / file.relative_to(HERE.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    for name in ("host", "simulator"):
        (tmp_path / "dev" / name).mkdir()
        shutil.copy(STAND_IN, tmp_path / "dev" / name / "__main__.py")
    (tmp_path / ".venv").symlink_to(HERE.venv)
    (tmp_path / ".dev").mkdir()
    (tmp_path / ".dev" / "node").symlink_to(HERE.own / "node")
    return tmp_path


def test_what_it_shows_can_be_used_as_it_stands(root: Path) -> None:
    """Every address answers, every command can be pasted, and SIGTERM leaves nothing running."""
    with Running(root) as run:
        run.until("ready")
        for label in ("app", "simulator", "queue", "table"):
            host, port = run.shown(label).split("/")[2].split(":")
            socket.create_connection((host, int(port))).close()
        answers = [
            json.loads(subprocess.check_output(shlex.split(command), text=True))
            for command in run.commands()
        ]
        assert run.end(signal.SIGTERM) == 0
    hello = "Hello from Switchboard"
    assert answers == [
        {
            "path": "/api/messages",
            "key": "local-key",
            "body": {"to": "+14155552671", "body": hello},
        },
        {"path": "/api/calls", "key": "local-key", "body": {"to": "+14155552671", "say": hello}},
    ]
    assert len([line for line in run.lines if line.startswith("ready")]) == 1
    assert run.lines[-1].startswith("stopped")


@pytest.mark.parametrize(
    "signals",
    [(signal.SIGINT,), (signal.SIGHUP,), (signal.SIGINT, signal.SIGINT)],
    ids=["Ctrl-C", "hang-up", "Ctrl-C twice"],
)
def test_however_it_is_stopped(root: Path, signals: tuple[signal.Signals, ...]) -> None:
    """Ctrl-C, once or impatiently twice, and a closed window stop everything too."""
    if signal.SIGHUP in signals and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        pytest.skip("this suite itself runs under nohup, and so would the command")
    with Running(root) as run:
        run.until("ready")
        assert run.end(*signals) == 0


def test_killed_outright_it_leaves_nothing(root: Path) -> None:
    """After `kill -9` its servers notice, and end."""
    with Running(root) as run:
        run.until("ready")
        assert run.end(signal.SIGKILL) == -signal.SIGKILL


def test_stopped_in_the_middle_of_its_start(root: Path) -> None:
    """A stop while a server is still coming up leaves nothing running."""
    with Running(root, "--verbose", settings={"NEVER_READY": "host"}) as run:
        run.until("host      │ host begins")
        assert run.end(signal.SIGTERM) == 0
    assert not any(line.startswith("ready") for line in run.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_installs(
    root: Path, script: Script, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop is obeyed, and said, also where a shell's `&` had SIGINT ignored."""
    (root / ".venv").unlink()
    script(str(root / "path" / "uv"), '[ "$1" = --version ] && echo uv 0.13.9 || exec sleep 600')
    monkeypatch.setenv("PATH", f"{root / 'path'}:{os.environ['PATH']}")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run = Running(root)
    finally:
        signal.signal(signal.SIGINT, before)
    with run:
        run.until("set-up")
        assert run.end(number) == 130
    assert run.lines[-1] == "stopped; the next start goes on from here"


@pytest.mark.parametrize("victim", ["dev.host", "dev.simulator", "src/queue"])
def test_when_a_server_dies(root: Path, victim: str) -> None:
    """Its name and its end are said in one line, everything else is stopped, the status is 1."""
    with Running(root) as run:
        run.until("ready")
        os.kill(run.children(victim)[0], signal.SIGKILL)
        assert run.end() == 1
    (error,) = [line for line in run.lines if line.startswith("error")]
    assert "ended by itself (SIGKILL)" in error


def test_the_app_gets_its_settings(root: Path) -> None:
    """The environment wins over the file, and the simulator signs with the app's own token.

    The app is told what breakpoint() does, unless somebody has said so already.
    """
    values = {"TWILIO_AUTH_TOKEN": SECRET, "TWILIO_ACCOUNT_SID": "AC1", "INBOUND_CALL": "echo"}
    (root / "local.settings.json").write_text(json.dumps({"Values": values}))
    with Running(root, settings={"TWILIO_ACCOUNT_SID": "AC2", "TWILIO_FROM_NUMBER": ""}) as run:
        run.until("ready")
        app, simulator = run.environment("app"), run.environment("simulator")
        queue, table = (run.shown(each).split(":")[2].split("/")[0] for each in ("queue", "table"))
        assert app["PUBLIC_BASE_URL"] + "/api" == run.shown("app")
        assert app["TWILIO_API_BASE_URL"] + "/" == run.shown("simulator")
        assert app["MESSAGE_STORAGE"] == connection_string(int(queue), int(table))
        assert app["PYTHONBREAKPOINT"] == "dev.debugging.explain"
        assert run.end(signal.SIGTERM) == 0
    names = ["TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_FROM_NUMBER", "INBOUND_CALL"]
    assert [app[name] for name in names] == [SECRET, "AC2", "", "echo"]
    assert [simulator[name] for name in names[:3]] == [SECRET, "AC2", "+15005550006"]
    assert SECRET not in "\n".join(run.lines)
    assert "  yours     INBOUND_CALL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN" in run.lines
    assert "  twilio    simulator" in run.lines
    assert "  empty     TWILIO_FROM_NUMBER" in run.lines


def test_a_changed_file_restarts_the_app(root: Path) -> None:
    """Storage and simulator stay, the app is another process, and its address the same."""
    app = root / "function_app.py"
    app.touch()
    with Running(root) as run:
        run.until("ready")
        (host,) = run.children("dev.host")
        others = {*run.children()} - {host}
        app.write_text("# changed")
        assert run.until("reload") == "reload     function_app.py changed"
        run.until("app        is ready again")
        assert {*run.children()} - {*run.children("dev.host")} == others
        assert run.children("dev.host") != [host]
        assert run.environment("app")
        assert run.end(signal.SIGTERM) == 0


def test_an_app_that_does_not_start_after_a_change_waits_for_the_next(root: Path) -> None:
    """A mistake that was saved is no reason to lose storage and the simulator's books."""
    app, main = root / "function_app.py", root / "dev" / "host" / "__main__.py"
    good = main.read_text()
    app.touch()
    with Running(root) as run:
        run.until("ready")
        main.write_text("raise SystemExit(1)")
        app.write_text("# a mistake")
        run.until("app        did not start")
        main.write_text(good)
        app.write_text("# corrected")
        run.until("app        is ready again")
        assert run.end(signal.SIGTERM) == 0


def test_without_reload_and_simulator(root: Path) -> None:
    """With --no-reload nobody looks at the files; with --no-simulator none starts.

    Where Twilio is stays unsaid then.
    """
    (root / "function_app.py").touch()
    with Running(root, "--no-reload", "--no-simulator") as run:
        run.until("ready")
        assert run.children("dev.simulator") == []
        assert "TWILIO_API_BASE_URL" not in run.environment("app")
        (root / "function_app.py").write_text("# changed")
        assert run.end(signal.SIGTERM) == 0
    assert not any(line.startswith("reload") for line in run.lines)
    assert not any(line.startswith("  simulator") for line in run.lines)


def test_while_storage_is_out_of_reach(root: Path, tmp_path: Path) -> None:
    """The app ends as Azure's host does, one line says so, and it comes back by itself."""
    away = tmp_path / "away"
    away.touch()
    with Running(root, settings={"STORAGE_AWAY": str(away)}) as run:
        assert run.until("storage") == f"storage    {OUT_OF_REACH} 1 s"
        assert run.until("storage") == f"storage    {OUT_OF_REACH} 2 s"
        away.unlink()
        run.until("ready")
        assert run.end(signal.SIGTERM) == 0


def test_what_is_on_another_machine_has_random_keys(root: Path) -> None:
    """Behind a tunnel the well-known keys open nothing; the banner and its commands have others."""
    with Running(root, settings={"PUBLIC_BASE_URL": "https://tunnel.test"}) as run:
        run.until("ready")
        app = run.environment("app")
        assert app["SWITCHBOARD_HOST_PUBLIC"] == "1"
        assert app["SWITCHBOARD_HOST_KEY"] == run.shown("key") != "local-key"
        assert app["SWITCHBOARD_HOST_ADMIN_KEY"] == run.shown("admin key") != "local-admin-key"
        assert all(run.shown("key") in command for command in run.commands())
        assert run.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_storage_is_kept_where_it_is_told(
    root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """With --data, what was written last is there again; a second run on it is refused."""
    folder = tmp_path / "kept"
    for seen in (False, True):
        with Running(root, "--data", str(folder)) as run:
            run.until("ready")
            storage = run.environment("app")["MESSAGE_STORAGE"]
            if not seen:
                with Running(root, "--data", str(folder)) as second:
                    assert second.end() == 1
                assert any("in use by another" in line for line in second.lines)
            with (
                QueueClient.from_connection_string(storage, "letters") as queue,
                TableClient.from_connection_string(storage, "facts") as table,
            ):
                if not seen:
                    queue.create_queue()
                    table.create_table()
                    queue.send_message("kept")
                    table.create_entity({"PartitionKey": "kept", "RowKey": "1"})
                else:
                    assert [message.content for message in queue.peek_messages()] == ["kept"]
                    assert [row["PartitionKey"] for row in table.list_entities()] == ["kept"]
            assert run.end(number) == (-number if number == signal.SIGKILL else 0)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "{port}", "--storage-port", "{port}"), "is wanted by the app too"),
        (("--data", "/dev/null/x"), "cannot keep anything in /dev/null/x"),
    ],
)
def test_what_cannot_start_says_why(root: Path, flags: tuple[str, ...], words: str) -> None:
    """Words and a next step, no trace, status 1, nothing started."""
    (port,) = free_ports(1)
    with Running(root, *(flag.format(port=port) for flag in flags)) as run:
        assert run.end() == 1
    error, next_step = run.lines
    assert words in error
    assert next_step.startswith("next ")


@pytest.mark.parametrize(
    ("flag", "value"),
    [("port", "65536"), *(("lease", value) for value in ("0", "-1", "nan", "inf", "604801"))],
)
def test_wrong_flags_are_refused_by_name(root: Path, flag: str, value: str) -> None:
    """A port or a lease that is none is a usage error that names its flag."""
    with Running(root, f"--{flag}", value) as run:
        assert run.end() == 2
    assert f"argument --{flag}: invalid {flag} value: '{value}'" in run.lines[-1]
