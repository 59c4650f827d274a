"""What is started becomes ready or is named; what was started is stopped, whatever happens."""

# ruff: noqa: S603 - starts only our own programs and ps

import asyncio
import io
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from dev.checkout import HERE
from dev.child import Service
from dev.errors import CommandError
from dev.supervisor import Supervisor
from dev.terminal import Terminal
from tests.dev.commands.processes import children_of, is_running, wait_until

pytestmark = pytest.mark.slow
SERVES = """
    import signal, sys, time
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    print("hello")
    print("served")
    print("a ready")
    while True:
        time.sleep(600)
"""
DEAF = SERVES.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")
DIES = "print('first words'); print('last words'); raise SystemExit(7)"
DIES_WHEN_READY = "print('a ready'); print('last words'); raise SystemExit(7)"
NEVER_READY = SERVES.replace("a ready", "not yet")


def service(
    code: str,
    name: str = "a",
    grace: float = 10,
    log: Path | None = None,
    render: Callable[[str], str | None] | None = None,
) -> Service:
    """Return a server that is a few lines of Python."""
    command = [sys.executable, "-u", "-c", textwrap.dedent(code)]
    return Service(name, command, "^a ready", log=log, grace=grace, render=render)


async def started_and_watched(supervisor: Supervisor, *services: Service) -> None:
    """Do what a run does: its servers may die before or after they were seen to be ready."""
    await supervisor.start(*services)
    await supervisor.watch(asyncio.Event().wait())


class Screen(io.StringIO):
    """A screen that one can wait on until it shows something."""

    def __init__(self, awaited: str) -> None:
        super().__init__()
        self.shown = asyncio.Event()
        self._awaited = awaited

    def flush(self) -> None:
        if self._awaited in self.getvalue():
            self.shown.set()


@pytest.fixture
def supervisor(terminal: Terminal) -> Supervisor:
    return Supervisor(terminal)


async def test_its_lines_are_shown_under_its_name(
    supervisor: Supervisor, screen: io.StringIO
) -> None:
    """A server's lines are shown with its name before them, but for the one that says ready."""
    await supervisor.start(service(SERVES))
    await supervisor.stop()
    assert screen.getvalue().splitlines() == ["a         │ hello", "a         │ served"]


async def test_a_service_may_render_its_lines(supervisor: Supervisor, screen: io.StringIO) -> None:
    """What it renders is shown without its name, and nothing where it gives none."""
    await supervisor.start(
        service(SERVES, render=lambda line: line.upper() if line == "served" else None)
    )
    await supervisor.stop()
    assert screen.getvalue() == "SERVED\n"


async def test_one_service_is_started_again(supervisor: Supervisor, screen: io.StringIO) -> None:
    """A service that was stopped alone can be started again; the others stay."""
    stays, again = service(SERVES, "stays"), service(SERVES, "again")
    await supervisor.start(stays)
    for _ in range(2):
        await supervisor.start(again)
        await supervisor.stop_service(again)
    names = [line.split()[0] for line in screen.getvalue().splitlines() if "served" in line]
    assert names == ["stays", "again", "again"]
    assert await supervisor.watch(asyncio.sleep(0, "still there")) == "still there"
    await supervisor.stop()


async def test_lines_for_the_log_are_not_shown(
    supervisor: Supervisor, screen: io.StringIO, tmp_path: Path
) -> None:
    """A server with a log is quiet on the terminal, and whole in its file."""
    log = tmp_path / "log" / "a.log"
    await supervisor.start(service(SERVES, log=log))
    await supervisor.stop()
    assert screen.getvalue() == ""
    assert log.read_text().splitlines() == ["hello", "served", "a ready"]


async def test_a_line_of_any_length_is_read(supervisor: Supervisor, screen: io.StringIO) -> None:
    """A line longer than any buffer neither stops the reading nor the server."""
    await supervisor.start(service("print('x' * 10**6)\n" + textwrap.dedent(SERVES)))
    await supervisor.stop()
    assert "x" * 10**6 in screen.getvalue()


async def test_the_last_started_stops_first(supervisor: Supervisor, screen: io.StringIO) -> None:
    """The servers that others rest on are there until those have ended."""
    says_bye = SERVES.replace("sys.exit(0)", "(print('bye'), sys.exit(0))")
    for name in ("storage", "host"):
        await supervisor.start(service(says_bye, name))
    await supervisor.stop()
    byes = [line.split()[0] for line in screen.getvalue().splitlines() if line.endswith("bye")]
    assert byes == ["host", "storage"]


async def test_one_that_does_not_listen_is_killed(
    supervisor: Supervisor, screen: io.StringIO
) -> None:
    """A server that ignores the request to stop is gone after its grace."""
    shows_pid = "import os; print(os.getpid())\n" + textwrap.dedent(DEAF)
    await supervisor.start(service(shows_pid, grace=0.05))
    await supervisor.stop()
    assert not is_running(int(screen.getvalue().split()[2]))


async def test_its_own_children_are_stopped_too(
    supervisor: Supervisor, screen: io.StringIO
) -> None:
    """What a server started is stopped with it, even when it does not listen."""
    parent = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-uc", {textwrap.dedent(DEAF)!r}])
        print(child.pid)
        child.wait()
    """
    await supervisor.start(service(parent))
    await supervisor.stop()
    pids = [int(line.split()[2]) for line in screen.getvalue().splitlines() if line[-1].isdigit()]
    assert [is_running(pid) for pid in pids] == [False]


async def test_one_that_dies_at_the_start_is_named(supervisor: Supervisor) -> None:
    """Its name, its status and its last words are in the error, and the others are stopped."""
    with pytest.raises(CommandError) as caught:
        await supervisor.start(service(SERVES, "good"), service(DIES, "bad"))
    await supervisor.stop()
    assert "bad ended by itself (status 7)" in caught.value.what
    assert "first words" in caught.value.what
    assert "last words" in caught.value.what


async def test_one_that_dies_later_is_named(supervisor: Supervisor) -> None:
    """A death after everything was ready ends the watch, with the same words."""
    await supervisor.start(service(SERVES, "good"))
    with pytest.raises(CommandError, match=r"bad ended by itself \(status 7\)"):
        await started_and_watched(supervisor, service(DIES_WHEN_READY, "bad"))
    await supervisor.stop()


async def test_a_signal_is_called_by_its_name(supervisor: Supervisor) -> None:
    """A server that was killed is said to have been killed."""
    shoots_itself = "import os; print('a ready'); os.kill(os.getpid(), 9)"
    with pytest.raises(CommandError, match=r"a ended by itself \(SIGKILL\)"):
        await started_and_watched(supervisor, service(shoots_itself))
    await supervisor.stop()


async def test_one_that_is_never_ready_is_named(terminal: Terminal) -> None:
    """After the patience, the words say which server everyone waited for."""
    supervisor = Supervisor(terminal, patience=0)
    waiting = asyncio.create_task(supervisor.start(service(NEVER_READY, "slow")))
    with pytest.raises(CommandError, match="not ready after 0 s: slow"):
        await waiting
    await supervisor.stop()


async def test_a_stop_in_the_middle_of_a_start() -> None:
    """A start that is cut short leaves nothing running."""
    screen = Screen("not yet")
    supervisor = Supervisor(Terminal(screen, live=False, colour=False))
    shows_pid = "import os; print(os.getpid())\n" + textwrap.dedent(NEVER_READY)
    starting = asyncio.create_task(supervisor.start(service(shows_pid)))
    await screen.shown.wait()
    starting.cancel()
    await asyncio.wait([starting])
    await supervisor.stop()
    assert not is_running(int(screen.getvalue().split()[2]))


async def test_a_stop_at_any_moment_of_a_start(terminal: Terminal) -> None:
    """Wherever a start is cut short, what it had started is stopped."""
    mark = f"import time; time.sleep(600)  # {os.urandom(8).hex()}"
    for moments in range(12):
        supervisor = Supervisor(terminal)
        starting = asyncio.create_task(supervisor.start(service(mark)))
        for _ in range(moments):
            await asyncio.sleep(0)
        starting.cancel()
        await asyncio.wait([starting])
        await supervisor.stop()
        assert not [command for command in children_of(os.getpid()).values() if mark in command]


def test_a_killed_supervisor_leaves_nothing_running() -> None:
    """Even `kill -9` of the supervisor ends its servers, with those that they started."""
    program = f"""
        import asyncio, sys
        from dev.child import Service
        from dev.supervisor import Supervisor
        from dev.terminal import Terminal

        async def main():
            supervisor = Supervisor(Terminal(sys.stdout, live=False, colour=False))
            code = "import os; print(os.getpid())\\n" + {textwrap.dedent(SERVES)!r}
            await supervisor.start(Service("a", [sys.executable, "-uc", code], "^a ready"))
            print("up", flush=True)
            await supervisor.watch(asyncio.Event().wait())

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=HERE.root,
        stdout=subprocess.PIPE,
        text=True,
    ) as program_of_ours:
        assert program_of_ours.stdout is not None
        child = int(program_of_ours.stdout.readline().split()[2])
        while program_of_ours.stdout.readline() != "up\n":
            pass
        assert is_running(child)
        os.kill(program_of_ours.pid, signal.SIGKILL)
    wait_until(lambda: not is_running(child))
