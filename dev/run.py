"""`python3 dev run`: storage, the Twilio simulator and the app, until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dev import banner, first_health
from dev.app_runner import AppRunner
from dev.changes import Changes
from dev.checkout import HERE
from dev.child import labelled
from dev.errors import CommandError
from dev.local_settings import (
    Keys,
    app_address,
    choose_keys,
    is_simulated,
    read_local_settings,
    resolve,
)
from dev.locks import locked
from dev.patient_stream import PatientStream
from dev.ports import Ports, check_ports, choose_ports
from dev.run_flags import read_flags
from dev.servers import host_service, simulator_service, storage_services
from dev.story import Story, app_lines
from dev.supervisor import Supervisor
from dev.terminal import BOLD, CYAN, GREEN, RED, Terminal, terminal_on

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_LINES_SECONDS = 1.0


@dataclass(frozen=True)
class Run:
    """What one run was started with."""

    flags: argparse.Namespace
    ports: Ports
    given: Mapping[str, str]  # local.settings.json, under the environment
    own: Container[str]  # which of them are the app's settings
    out: Terminal

    def show_banner(self, keys: Keys, not_usable: Sequence[str]) -> None:
        """Show the addresses, what the app cannot do as it is, and what to try first."""
        out, settings = self.out, resolve(self.ports, self.given, {})
        out.line()
        for label, text in (
            *banner.addresses(self.ports, self.flags.data, keys, settings),
            *banner.own_settings(self.own, self.given),
        ):
            out.item(f"  {label:<9}", text, CYAN)
        for label, text in banner.troubles(not_usable):
            out.item(f"  {label:<9}", text, RED)
        for what, command in banner.firsts(self.ports, keys.function):
            out.line()
            out.line(out.paint(what, BOLD))
            out.line(f"  {command}")
        out.line()

    async def up(self, supervisor: Supervisor) -> None:
        """Start the servers in their order, say so, and keep the app running."""
        began = time.monotonic()
        ports, folder, out = self.ports, self.flags.data, self.out
        settings = resolve(ports, self.given, {})
        keys = choose_keys(ports, settings)
        render = renderer(self.flags, out, simulated=is_simulated(ports, settings))

        async def when_ready() -> None:
            self.show_banner(keys, await first_health.troubles(app_address(ports)))
            took = f"in {time.monotonic() - began:.1f} s; Ctrl-C stops everything"
            out.line(f"{out.paint('ready', GREEN)} {took}")

        storage = storage_services(ports, folder and folder / "azurite")
        await supervisor.start(*storage, *simulator_service(ports, settings, folder))
        host = host_service(ports, settings, keys, self.flags.lease, render)
        changes = Changes(HERE.root)
        async with AsyncExitStack() as stack:
            if not self.flags.no_reload:
                await stack.enter_async_context(changes.following())
            await AppRunner(supervisor, host, changes, out).run(when_ready)


def renderer(
    flags: argparse.Namespace, out: Terminal, *, simulated: bool
) -> Callable[[str], str | None]:
    """Return the function that turns a line of the host into the line that is shown."""
    if flags.verbose:
        return labelled("host", out)
    if flags.json:
        return app_lines
    return Story(out, lambda: datetime.now(UTC).astimezone(), simulated=simulated)


def prepare(folder: Path, held: ExitStack) -> Path:
    """Create the folder that keeps storage, and lock it against a second run."""

    def refuse() -> None:
        what = f"{folder} is in use by another `python3 dev run`"
        raise CommandError(what, "stop that one, or choose another folder with --data")

    try:
        (folder / "azurite").mkdir(parents=True, exist_ok=True)
        held.enter_context(locked(folder / "lock", waiting=refuse))
    except OSError as error:
        what = f"cannot keep anything in {folder}: {error.strerror}"
        raise CommandError(what, "choose a folder that you can write to with --data") from error
    return folder.resolve()


async def serve(run: Run) -> None:
    """Run everything until a signal; raises CommandError when a server ends by itself."""
    stop_requested = asyncio.Event()
    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # nohup
        asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
    supervisor = Supervisor(run.out)
    work = asyncio.create_task(run.up(supervisor))
    stop = asyncio.create_task(stop_requested.wait())
    try:
        await asyncio.wait([work, stop], return_when="FIRST_COMPLETED")
    finally:
        stop.cancel()
        work.cancel()
        await asyncio.wait([work])
        run.out.line()
        run.out.item("stopping", "everything; at most 20 s")
        await supervisor.stop()
    if not work.cancelled():
        work.result()


def main(arguments: list[str]) -> int:
    """Run until asked to stop; return 0 then, and raise CommandError when a server ended."""
    flags, stream = read_flags(arguments), PatientStream(sys.stdout)
    try:
        return start(flags, terminal_on(stream))
    finally:
        stream.finish(LAST_LINES_SECONDS)


def start(flags: argparse.Namespace, out: Terminal) -> int:
    """Run with these flags until asked to stop."""
    file = read_local_settings(HERE.root / "local.settings.json")
    known = read_local_settings(HERE.root / "local.settings.json.example")
    simulator = None if flags.no_simulator else flags.simulator_port
    ports = choose_ports(flags.port, simulator, flags.storage_port)
    check_ports(ports)
    with ExitStack() as held:
        if flags.data:
            flags.data = prepare(flags.data, held)
        given = {**file, **os.environ}
        asyncio.run(serve(Run(flags, ports, given, {*known, *file}, out)))
    out.item("stopped", "nothing is left running")
    return 0
