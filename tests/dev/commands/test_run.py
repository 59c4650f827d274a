"""`python3 dev run`, whole: from the command to the last process that ends."""

# ruff: noqa: S603 - starts only our own programs and ps

import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import connection_string
from dev.checkout import HERE
from dev.environment import python_packages
from dev.node_runtime import node_packages
from dev.terminal import Terminal
from tests.dev.commands.conftest import Script
from tests.dev.commands.running import Running

QUIET = Terminal(io.StringIO(), live=False, colour=False)
# On CI a missing set-up is not passed over: the tests run, and fail.
IS_SET_UP = os.environ.get("CI") == "true" or all(
    part(HERE, QUIET).is_current() for part in (python_packages, node_packages)
)
STAND_IN = Path(__file__).parent / "stand_in.py"
SECRET = "a-secret-of-mine"

pytestmark = pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Lay a checkout that shares what is installed here, with stand-ins for our own servers."""
    copied = [*HERE.root.glob("dev/*.*"), *HERE.root.glob("dev/node/*"), *HERE.requirements]
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
    with Running(root, settings={"NEVER_READY": "host"}) as run:
        run.until("host      │ host begins")
        assert run.end(signal.SIGTERM) == 0
    assert not any(line.startswith("ready") for line in run.lines)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_while_it_installs(root: Path, script: Script, number: signal.Signals) -> None:
    """A stop is obeyed, and said, also where a shell's `&` had SIGINT ignored."""
    (root / ".venv").unlink()
    script(str(root / ".venv/bin/python"), '[ "$1" = -c ] || exec sleep 600')
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
    """The environment wins over the file, and the simulator signs with the app's own token."""
    values = {"TWILIO_AUTH_TOKEN": SECRET, "TWILIO_ACCOUNT_SID": "AC1", "INBOUND_CALL": "echo"}
    (root / "local.settings.json").write_text(json.dumps({"Values": values}))
    with Running(root, settings={"TWILIO_ACCOUNT_SID": "AC2", "TWILIO_FROM_NUMBER": ""}) as run:
        run.until("ready")
        app, simulator = run.environment("app"), run.environment("simulator")
        queue, table = (run.shown(each).split(":")[2].split("/")[0] for each in ("queue", "table"))
        assert app["PUBLIC_BASE_URL"] + "/api" == run.shown("app")
        assert app["TWILIO_API_BASE_URL"] + "/" == run.shown("simulator")
        assert app["MESSAGE_STORAGE"] == connection_string(int(queue), int(table))
        assert run.end(signal.SIGTERM) == 0
    names = ["TWILIO_AUTH_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_FROM_NUMBER", "INBOUND_CALL"]
    assert [app[name] for name in names] == [SECRET, "AC2", "", "echo"]
    assert [simulator[name] for name in names[:3]] == [SECRET, "AC2", "+15005550006"]
    assert SECRET not in "\n".join(run.lines)
    assert "  yours     TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN" in run.lines
    assert "  empty     TWILIO_FROM_NUMBER" in run.lines


def test_without_a_simulator(root: Path) -> None:
    """With --no-simulator none starts, and where Twilio is stays unsaid."""
    with Running(root, "--no-simulator") as run:
        run.until("ready")
        assert run.children("dev.simulator") == []
        assert "TWILIO_API_BASE_URL" not in run.environment("app")
        assert run.end(signal.SIGTERM) == 0
    assert not any(line.startswith("  simulator") for line in run.lines)


def test_storage_is_kept_where_it_is_told(root: Path, tmp_path: Path) -> None:
    """With --data, what was on a queue is there again; a second run on it is refused."""
    folder = tmp_path / "kept"
    for seen in (0, 1):
        with Running(root, "--data", str(folder)) as run:
            run.until("ready")
            storage = run.environment("app")["MESSAGE_STORAGE"]
            with QueueClient.from_connection_string(storage, "letters") as queue:
                if not seen:
                    queue.create_queue()
                    queue.send_message("kept")
                assert [message.content for message in queue.peek_messages()] == ["kept"]
            with Running(root, "--data", str(folder)) as second:
                assert second.end() == 1
            assert any("in use by another" in line for line in second.lines)
            assert run.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--port", "10001", "--storage-port", "10001"), "is wanted by the app too"),
        (("--data", "/dev/null/x"), "cannot keep anything in /dev/null/x"),
    ],
)
def test_what_cannot_start_says_why(root: Path, flags: tuple[str, ...], words: str) -> None:
    """Words and a next step, no trace, status 1, nothing started."""
    with Running(root, *flags) as run:
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
