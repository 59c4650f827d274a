"""The queue as an entrance: what any library drops there is sent, once, by the real app."""

import base64
import json
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import connection_string
from dev.checkout import HERE
from dev.local_settings import FUNCTION_KEY
from dev.node_runtime import find_node
from tests.dev.commands.processes import wait_until
from tests.dev.commands.running import IS_SET_UP, Running

DROP = Path(__file__).with_name("drop.mjs")
TO = "+14155552671"


def text(body: str) -> str:
    return json.dumps({"to": TO, "body": body})


def in_base64(body: str) -> str:
    return base64.b64encode(text(body).encode()).decode()


@pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up")
def test_any_library_may_drop_a_request() -> None:
    """Python's and npm's storage libraries, plain and in base64: each message is sent once."""
    with Running(HERE.root) as run:
        run.until("ready")
        ports = [urlsplit(run.shown(name)).port or 0 for name in ("queue", "table")]
        storage = connection_string(*ports)
        with QueueClient.from_connection_string(storage, "outbound") as queue:
            queue.send_message(text("python plain"))
            queue.send_message(in_base64("python base64"))
            queue.send_message("no JSON at all")
        node = find_node(HERE)
        assert node is not None
        modules = HERE.own / "node" / "node_modules"
        subprocess.run(  # noqa: S603 - our own script
            [node.node, str(DROP), str(modules), storage, "outbound", text("npm plain"),
             in_base64("npm base64")],
            check=True,
        )  # fmt: skip
        app = run.shown("app")
        wait_until(lambda: states(app).count("handed_over") == 4 and "parked" in states(app))
        (parked,) = [item for item in listed(app) if item["state"] == "parked"]
        assert (parked["kind"], parked["raw"]) == ("unreadable", "no JSON at all")
        run.end(signal.SIGTERM)


def listed(app: str) -> list[Any]:
    """The newest messages."""
    request = Request(f"{app}/messages", headers={"x-functions-key": FUNCTION_KEY})  # noqa: S310 - this machine
    with urlopen(request) as answer:  # noqa: S310 - this machine
        items: list[Any] = json.load(answer)["items"]
    return items


def states(app: str) -> list[str]:
    return [item["state"] for item in listed(app)]
