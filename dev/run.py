"""`python3 dev run`: storage, the Twilio simulator and the app, until Ctrl-C."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from dev import banner, first_health
from dev.checkout import HERE
from dev.errors import CommandError
from dev.local_settings import app_address, read_local_settings, resolve
from dev.locks import locked
from dev.patient_stream import PatientStream
from dev.ports import Ports, check_ports, choose_ports
from dev.run_flags import read_flags
from dev.servers import host_service, simulator_service, storage_services
from dev.supervisor import Supervisor
from dev.terminal import BOLD, CYAN, GREEN, RED, Terminal, terminal_on

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_WORDS = 1.0


def show_banner(
    ports: Ports,
    folder: Path | None,
    given: Mapping[str, str],
    not_usable: Sequence[str],
    out: Terminal,
) -> None:
    """Show the addresses, what the app cannot do as it is, and what to try first."""
    ours = resolve(ports, {}, {})
    out.line()
    for label, text in (*banner.addresses(ports, folder), *banner.yours(ours, given)):
        out.item(f"  {label:<9}", text, CYAN)
    for label, text in banner.troubles(not_usable):
        out.item(f"  {label:<9}", text, RED)
    for what, command in banner.firsts(ports):
        out.line()
        out.line(out.paint(what, BOLD))
        out.line(f"  {command}")
    out.line()


def prepared(folder: Path, held: ExitStack) -> Path:
    """Make the folder that keeps storage, and hold it against a second run."""

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


async def serve(
    flags: argparse.Namespace, ports: Ports, given: dict[str, str], out: Terminal
) -> None:
    """Run everything until a signal; raises CommandError when a server ends by itself."""
    asked = asyncio.Event()
    for number in STOP_SIGNALS:
        if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
            continue  # nohup
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    supervisor = Supervisor(out)
    work = asyncio.create_task(up(supervisor, flags, ports, given, out))
    stop = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait([work, stop], return_when="FIRST_COMPLETED")
    finally:
        stop.cancel()
        work.cancel()
        await asyncio.wait([work])
        out.line()
        out.item("stopping", "everything; at most 20 s")
        await supervisor.stop()
    if not work.cancelled():
        work.result()


async def up(
    supervisor: Supervisor,
    flags: argparse.Namespace,
    ports: Ports,
    given: dict[str, str],
    out: Terminal,
) -> None:
    """Start the servers in their order, say so, and watch them."""
    began = time.monotonic()
    settings = resolve(ports, given, {})
    folder = flags.data
    storage = storage_services(ports, folder and folder / "azurite")
    await supervisor.start(*storage, *simulator_service(ports, settings, folder))
    await supervisor.start(host_service(ports, settings, flags.lease))
    not_usable = await first_health.troubles(app_address(ports))
    show_banner(ports, folder, given, not_usable, out)
    took = f"in {time.monotonic() - began:.1f} s; Ctrl-C stops everything"
    out.line(f"{out.paint('ready', GREEN)} {took}")
    await supervisor.watch()


def main(arguments: list[str]) -> int:
    """Run until asked to stop; gives 0 then, and 1 when a server ended by itself."""
    flags, stream = read_flags(arguments), PatientStream(sys.stdout)
    try:
        return run(flags, terminal_on(stream))
    finally:
        stream.finish(LAST_WORDS)


def run(flags: argparse.Namespace, out: Terminal) -> int:
    """Run with these flags until asked to stop."""
    given = {**read_local_settings(HERE.root / "local.settings.json"), **os.environ}
    simulator = None if flags.no_simulator else flags.simulator_port
    ports = choose_ports(flags.port, simulator, flags.storage_port)
    check_ports(ports)
    with ExitStack() as held:
        if flags.data:
            flags.data = prepared(flags.data, held)
        asyncio.run(serve(flags, ports, given, out))
    out.item("stopped", "nothing is left running")
    return 0
