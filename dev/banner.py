"""What `python3 dev run` shows once everything is up."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dev import azurite
from dev.local_settings import ADMIN_KEY, FUNCTION_KEY, app_address, simulator_address
from dev.ports import Ports

SOMEBODY = "+14155552671"


def addresses(ports: Ports, folder: Path | None) -> Iterator[tuple[str, str]]:
    """Give each thing that one can talk to, with its address."""
    yield "app", f"{app_address(ports)}/api"
    yield "console", f"{app_address(ports)}/api/console"
    yield "key", FUNCTION_KEY
    yield "admin key", ADMIN_KEY
    if ports.simulator is not None:
        yield "simulator", f"{simulator_address(ports)}/  (Twilio, and everybody's phone)"
    yield "queue", azurite.endpoint(ports.queue)
    yield "table", azurite.endpoint(ports.table)
    yield "storage", str(folder) if folder else "in memory; --data DIR keeps it"


def yours(names: Iterable[str], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name, never show, the settings that are not the local ones."""
    settings = {name: given[name] for name in sorted(names) if name in given}
    if filled := [name for name, value in settings.items() if value]:
        yield "yours", ", ".join(filled)
    if empty := [name for name, value in settings.items() if not value]:
        yield "empty", ", ".join(empty)


def troubles(not_usable: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Say what the app cannot work with, and what to do about it."""
    if found := list(not_usable):
        yield from (("trouble", each) for each in found)
        yield "next", "mend it in the environment or local.settings.json, and start again"


def curl(ports: Ports, path: str, request: Mapping[str, str]) -> str:
    """Give a command to paste that posts a request to the app."""
    return (
        f"curl -sS {app_address(ports)}/api/{path}"
        f" -H 'x-functions-key: {FUNCTION_KEY}' -H 'content-type: application/json'"
        f" -d '{json.dumps(request)}'"
    )


def firsts(ports: Ports) -> Iterator[tuple[str, str]]:
    """Give the first things to try, each with its command."""
    text = {"to": SOMEBODY, "body": "Hello from Switchboard"}
    yield "Send a text:", curl(ports, "messages", text)
    call = {"to": SOMEBODY, "say": "Hello from Switchboard"}
    yield "Place a call:", curl(ports, "calls", call)
