"""What `python3 dev run` shows once everything is up."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

from dev import azurite
from dev.local_settings import Keys, app_address, is_simulated, simulator_address
from dev.ports import Ports

SOMEBODY = "+14155552671"


def addresses(
    ports: Ports, folder: Path | None, keys: Keys, settings: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Return each thing that one can talk to, with its address."""
    yield "app", f"{app_address(ports)}/api"
    yield "console", f"{app_address(ports)}/api/console"
    yield "api docs", f"{app_address(ports)}/api/docs"
    yield "key", keys.function
    yield "admin key", keys.admin
    if ports.simulator is not None:
        yield "simulator", f"{simulator_address(ports)}/  (Twilio, and everybody's phone)"
    yield "twilio", twilio(ports, settings)
    yield "queue", azurite.endpoint(ports.queue)
    yield "table", azurite.endpoint(ports.table)
    yield "connect", azurite.connection_string(ports.queue, ports.table)
    yield "storage", str(folder) if folder else "in memory; --data DIR keeps it"


def twilio(ports: Ports, settings: Mapping[str, str]) -> str:
    """Say what the app takes for Twilio: the simulator, or which account where."""
    if is_simulated(ports, settings):
        return "simulator"
    address = settings.get("TWILIO_API_BASE_URL") or "https://api.twilio.com"
    return f"account {settings.get('TWILIO_ACCOUNT_SID') or 'not set'} at {address}"


def own_settings(names: Container[str], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name, never show, the user's own settings: those in `names`, and those for one number."""
    own = sorted(
        name
        for name in given
        if name in names or name.startswith(("INBOUND_CALL_", "INBOUND_MESSAGE_"))
    )
    if filled := [name for name in own if given[name]]:
        yield "yours", ", ".join(filled)
    if empty := [name for name in own if not given[name]]:
        yield "empty", ", ".join(empty)


def troubles(not_usable: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Say what the app cannot work with, and what to do about it."""
    if problems := list(not_usable):
        yield from (("trouble", each) for each in problems)
        yield "next", "correct it in the environment or local.settings.json, and start again"


def curl(ports: Ports, key: str, path: str, request: Mapping[str, str]) -> str:
    """Return a command to paste that posts a request to the app."""
    return (
        f"curl -sS {app_address(ports)}/api/{path}"
        f" -H 'x-functions-key: {key}' -H 'content-type: application/json'"
        f" -d '{json.dumps(request)}'"
    )


def firsts(ports: Ports, key: str) -> Iterator[tuple[str, str]]:
    """Return the first things to try, each with its command."""
    text = {"to": SOMEBODY, "body": "Hello from Switchboard"}
    yield "Send a text:", curl(ports, key, "messages", text)
    call = {"to": SOMEBODY, "say": "Hello from Switchboard"}
    yield "Place a call:", curl(ports, key, "calls", call)
