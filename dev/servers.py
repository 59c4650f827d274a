"""The servers of a local run: how each is started, and which settings it gets."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dev import azurite
from dev.checkout import HERE
from dev.child import Service
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FROM_NUMBER, Keys, app_address
from dev.ports import Ports

# The simulator is a phone company: it needs an account even where the app's settings lack one.
SIMULATOR_DEFAULTS = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "TWILIO_FROM_NUMBER": FROM_NUMBER,
}


def storage_services(ports: Ports, folder: Path | None) -> list[Service]:
    """Return Azurite's two halves."""
    kinds = {"queue": ports.queue, "table": ports.table}
    return [
        Service(
            kind,
            azurite.command(kind, number, folder),
            azurite.READY,
            log=log_of(f"azurite-{kind}"),
            grace=8,  # it writes its last changes
        )
        for kind, number in kinds.items()
    ]


def log_of(name: str) -> Path:
    """Return the file that keeps the output of a server that is not shown."""
    return HERE.logs / f"{name}.log"


def python_server(
    name: str, module: str, environment: Mapping[str, str], *flags: str, grace: float
) -> Service:
    """Return a server of our own."""
    unbuffered = {**environment, "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", module, *flags]
    return Service(name, command, rf"^{name} ready on http", unbuffered, HERE.root, grace=grace)


def simulator_service(
    ports: Ports, settings: Mapping[str, str], folder: Path | None
) -> list[Service]:
    """Return the simulator, or none; it has the app's account, so that its callbacks verify."""
    if ports.simulator is None:
        return []
    needs = {name: settings.get(name) or value for name, value in SIMULATOR_DEFAULTS.items()}
    books = ["--books", str(folder / "simulator.jsonl")] if folder else []
    flags = ["--port", str(ports.simulator), "--app-url", app_address(ports), *books]
    environment = {**settings, **needs}  # not as flags: other users of the machine can read those
    return [python_server("simulator", "dev.simulator", environment, *flags, grace=6)]


def host_service(
    ports: Ports,
    settings: Mapping[str, str],
    keys: Keys,
    lease: float,
    render: Callable[[str], str | None],
) -> Service:
    """Return the function host; it lets functions in flight finish."""
    flags = ["--port", str(ports.app), "--app", str(HERE.root), f"--lease={lease:g}"]
    environment = {"PYTHONBREAKPOINT": "dev.debugging.explain", **settings, **keys.variables()}
    service = python_server("host", "dev.host", environment, *flags, grace=10)
    return replace(service, render=render)
