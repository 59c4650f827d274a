"""Azurite for tests and benchmarks: there while it is wanted, gone after."""

import signal
import subprocess
import sys

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from dev import azurite as module
from dev.azurite import azurite, is_installed

NEVER_ENDS = "import time\nwhile True: time.sleep(9)"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not is_installed(), reason="run `python3 dev test` once"),
]


def test_both_services_are_there_for_a_while() -> None:
    """The connection string opens a queue and a table inside the block, and nothing after it."""
    with azurite() as storage:
        with QueueServiceClient.from_connection_string(storage, retry_total=0) as queues:
            queues.create_queue("letters").close()
        with TableServiceClient.from_connection_string(storage) as tables:
            tables.create_table("facts").close()
    with (
        QueueServiceClient.from_connection_string(storage, retry_total=0) as queues,
        pytest.raises(ServiceRequestError),
    ):
        queues.create_queue("letters")


def test_what_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request under way keeps Azurite from ending; here a program that does not end."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    command = [sys.executable, "-c", NEVER_ENDS]
    with subprocess.Popen(command, text=True) as server:  # noqa: S603 - this very Python
        module.wait_until_ended(server)
        assert server.returncode == -signal.SIGKILL
