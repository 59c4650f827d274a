"""The table of commands; each is set up first, then run inside the virtual environment."""

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from dev.checkout import HERE
from dev.errors import CommandError
from dev.set_up import Need, set_up
from dev.terminal import BOLD, CYAN, RED, Terminal, terminal_on

FAILED, USAGE, INTERRUPTED = 1, 2, 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
RUN, BENCH = frozenset({"run"}), frozenset({"run", "bench"})
TEST, CHECK = BENCH | {"test"}, BENCH | {"test", "check"}


@dataclass(frozen=True)
class Command:
    """A module with `main(arguments) -> exit status`, and what it needs."""

    module: str
    summary: str
    need: Need
    flags: str = ""  # a module that reads the arguments before anything is installed


COMMANDS: Mapping[str, Command] = {
    "run": Command(
        "dev.run",
        "the app, a Twilio simulator and local storage, on this machine",
        Need(RUN),
        flags="dev.run_flags",
    ),
    "simulator": Command(
        "dev.simulator_alone",
        "the Twilio simulator alone, for `func start` or another program",
        Need(RUN, azurite=False),
    ),
    "test": Command("dev.testing", "the whole suite; arguments go to pytest", Need(TEST)),
    "check": Command("dev.checks", "lint, types, docs in step", Need(CHECK, azurite=False)),
    "bench": Command(
        "dev.bench",
        "benchmarks, as ratios against a baseline in the same run",
        Need(BENCH | {"peers"}),
    ),
    "simulate": Command(
        "dev.simulate",
        "the delivering code on virtual time, under every failure",
        Need(RUN, azurite=False),
    ),
    "chaos": Command(
        "dev.chaos", "break everything on purpose, then count what was sent", Need(RUN)
    ),
}


def show_help(terminal: Terminal) -> None:
    """List the commands."""
    terminal.line(f"{terminal.paint('Switchboard', BOLD)}: python3 dev COMMAND")
    terminal.line()
    for name, command in COMMANDS.items():
        terminal.line(f"  {terminal.paint(f'{name:<9}', CYAN)}  {command.summary}")
    terminal.line()
    terminal.line("Each sets up what it needs on first use, inside this folder: .venv and .dev.")
    terminal.line("`python3 dev run --help` shows the flags of one.")


def run(name: str, arguments: list[str], terminal: Terminal) -> int:
    """Set up, then run a command inside the virtual environment; return its exit status."""
    command = COMMANDS[name]
    if command.flags:
        import_module(command.flags).read_flags(arguments)
    for number in STOP_SIGNALS:  # a shell has SIGINT ignored in what it starts by `&`
        signal.signal(number, signal.default_int_handler)
    set_up(command.need, HERE, terminal)
    if os.path.realpath(sys.prefix) != os.path.realpath(HERE.venv):
        python = str(HERE.python)
        again = [python, str(HERE.root / "dev"), name, *arguments]
        os.execv(python, again)  # noqa: S606 - the same program again, in its own environment
    status: int = import_module(command.module).main(arguments)
    return status


def start(arguments: list[str]) -> int:
    """Run the command that the arguments name; return its exit status."""
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help", "help"}:
        show_help(terminal_on())
        return 0
    errors = terminal_on(sys.stderr)
    if name not in COMMANDS:
        errors.item("error", f"unknown command `{name}`", RED)
        errors.item("next", f"choose one of: {', '.join(COMMANDS)}")
        return USAGE
    try:
        return run(name, arguments[1:], terminal_on())
    except CommandError as error:
        errors.item("error", error.what, RED)
        errors.item("next", error.next_step)
        return FAILED
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            errors.line("stopped; the next start goes on from here")
        return INTERRUPTED
