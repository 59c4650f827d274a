"""The table of commands: sets up what one needs, then runs it inside the virtual environment."""

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

from dev.checkout import HERE
from dev.environment import python_packages
from dev.errors import CommandError
from dev.node_runtime import node_packages
from dev.parts import bring_up_to_date
from dev.terminal import BOLD, CYAN, RED, Terminal, terminal_on

FAILED, USAGE, INTERRUPTED = 1, 2, 130
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class Command:
    """A module with `main(arguments) -> exit status`, and what it needs."""

    module: str
    says: str
    storage: bool = True
    flags: str = ""  # a module that reads the arguments before anything is installed


COMMANDS: Mapping[str, Command] = {
    "run": Command(
        "dev.run",
        "the app, a Twilio simulator and local storage, on this machine",
        flags="dev.run_flags",
    ),
    "test": Command("dev.testing", "the whole suite; arguments go to pytest"),
    "check": Command("dev.checks", "lint, types, docs in step", storage=False),
    "bench": Command("dev.bench", "benchmarks, as ratios against a baseline in the same run"),
    "simulate": Command(
        "dev.simulate", "the delivering code on virtual time, under every failure", storage=False
    ),
    "chaos": Command("dev.chaos", "break everything on purpose, then count what was sent"),
}


def show_help(terminal: Terminal) -> None:
    """Say what there is to run."""
    terminal.line(f"{terminal.paint('Switchboard', BOLD)}: python3 dev COMMAND")
    terminal.line()
    for name, command in COMMANDS.items():
        terminal.line(f"  {terminal.paint(f'{name:<6}', CYAN)}  {command.says}")
    terminal.line()
    terminal.line("Each sets up what it needs on first use, inside this folder: .venv and .dev.")
    terminal.line("`python3 dev run --help` shows the flags of one.")


def set_up(command: Command, terminal: Terminal) -> None:
    """Install what the command needs and this checkout does not have yet."""
    for number in STOP_SIGNALS:  # a shell has SIGINT ignored in what it starts by `&`
        signal.signal(number, signal.default_int_handler)
    parts = [python_packages(HERE, terminal)]
    if command.storage:
        parts.append(node_packages(HERE, terminal))
    bring_up_to_date(parts, HERE, terminal)


def run(name: str, arguments: list[str], terminal: Terminal) -> int:
    """Set up, then run a command inside the virtual environment; gives its exit status."""
    command = COMMANDS[name]
    if command.flags:
        import_module(command.flags).read_flags(arguments)
    set_up(command, terminal)
    if os.path.realpath(sys.prefix) != os.path.realpath(HERE.venv):
        python = str(HERE.python)
        again = [python, str(HERE.root / "dev"), name, *arguments]
        os.execv(python, again)  # noqa: S606 - the same program again, in its own environment
    status: int = import_module(command.module).main(arguments)
    return status


def start(arguments: list[str]) -> int:
    """Run the command that the arguments name; gives its exit status."""
    name = arguments[0] if arguments else "--help"
    if name in {"-h", "--help", "help"}:
        show_help(terminal_on())
        return 0
    errors = terminal_on(sys.stderr)
    if name not in COMMANDS:
        errors.item("error", f"there is no command `{name}`", RED)
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
