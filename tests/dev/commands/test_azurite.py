"""Azurite for tests and benchmarks: there while it is wanted, gone after."""

import re
import socket

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from dev import azurite as module
from dev.azurite import azurite, is_installed

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


def test_it_ends_though_a_request_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fails while requests are under way is not kept waiting for ever."""
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with azurite() as storage:
        ports = re.findall(r"Endpoint=http://127\.0\.0\.1:(\d+)", storage)
        connections = [socket.create_connection(("127.0.0.1", int(port))) for port in ports]
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nHost:")
    for connection in connections:
        with connection:
            connection.settimeout(30)
            assert connection.recv(1) == b""
