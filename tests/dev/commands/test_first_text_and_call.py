"""The first minute with Switchboard, all parts real: what the banner says to paste is sent."""

# ruff: noqa: S310, S603 - addresses on this machine, and the banner's own commands

import base64
import json
import shlex
import signal
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest
from azure.storage.queue import QueueServiceClient

from dev.azurite import ACCOUNT, KEY
from dev.checkout import HERE
from dev.local_settings import ACCOUNT_SID, AUTH_TOKEN, FUNCTION_KEY
from tests.dev.commands.processes import wait_until
from tests.dev.commands.running import IS_SET_UP, Running

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_SET_UP, reason="run `python3 dev test` once: sets it up"),
    pytest.mark.skipif(
        (HERE.root / "local.settings.json").exists(), reason="local.settings.json is in the way"
    ),
]
QUEUES = {"outbound", "outbound-bulk", "outbound-poison", "outbound-bulk-poison", "inbound"}


def get(address: str, header: str, value: str) -> Any:  # noqa: ANN401 - whatever JSON it is
    with urlopen(Request(address, headers={header: value})) as answer:
        return json.load(answer)


def queues(endpoint: str) -> set[str]:
    """List the queues that are there."""
    account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};"
    with QueueServiceClient.from_connection_string(
        f"{account}QueueEndpoint={endpoint};"
    ) as service:
        return {str(queue.name) for queue in service.list_queues()}


def is_handed_over(address: str) -> Callable[[], bool]:
    """Ask whether an entry has reached Twilio."""
    return lambda: get(address, "x-functions-key", FUNCTION_KEY)["state"] == "handed_over"


def test_the_first_text_and_the_first_call_are_sent() -> None:
    """All queues are there; both commands, as they stand, end in Twilio's books, once each."""
    credentials = base64.b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    with Running(HERE.root) as run:
        run.until("ready")
        assert queues(run.shown("queue")) == QUEUES
        app = run.shown("app").removesuffix("/api")
        twilio = f"{run.shown('simulator')}2010-04-01/Accounts/{ACCOUNT_SID}"
        for command in run.commands():
            accepted = json.loads(subprocess.check_output(shlex.split(command), text=True))
            wait_until(is_handed_over(app + accepted["links"]["self"]))
        texts = get(f"{twilio}/Messages.json", "Authorization", f"Basic {credentials}")["messages"]
        calls = get(f"{twilio}/Calls.json", "Authorization", f"Basic {credentials}")["calls"]
        assert run.end(signal.SIGTERM) == 0
    assert [(text["to"], text["body"]) for text in texts] == [
        ("+14155552671", "Hello from Switchboard")
    ]
    assert [call["to"] for call in calls] == ["+14155552671"]


def test_wrong_settings_still_reach_ready() -> None:
    """The app comes up, and its banner says what is wrong and what to do."""
    with Running(HERE.root, settings={"TWILIO_AUTH_TOKEN": ""}) as run:
        run.until("ready")
        assert run.end(signal.SIGTERM) == 0
    problem = "is not set; give it a value, e.g. the Auth Token of Twilio's console"
    trouble = run.lines.index(f"  trouble   TWILIO_AUTH_TOKEN {problem}")
    assert run.lines[trouble + 1].startswith("  next      correct it in ")
