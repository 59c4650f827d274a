import subprocess
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import command, connection_string
from dev.ports import free_ports
from tests.dev.host.running_host import APPS, eventually, running_host


@pytest.mark.usefixtures("storage")
def test_storage_that_comes_late_is_polled(tmp_path: Path) -> None:
    """Without storage the host is ready, says so once per queue, and goes on when it is there."""
    queue_port, table_port = free_ports(2)
    errors = tmp_path / "errors.txt"
    settings = {
        "MESSAGE_STORAGE": connection_string(queue_port, table_port),
        "QUEUE": "late",
        "STUCK_QUEUE": "late-stuck",
    }
    with running_host(APPS / "queue_app", errors, **settings) as host:
        assert host.ask("GET", "/api/notes").json() == []
        assert errors.read_text().count("cannot be reached") == 2
        with subprocess.Popen(  # noqa: S603 - Azurite
            command("queue", queue_port, None), stdout=subprocess.DEVNULL
        ) as azurite:
            try:
                eventually(lambda: errors.read_text().count("reachable again") == 2)
                with QueueClient.from_connection_string(
                    settings["MESSAGE_STORAGE"], "late"
                ) as client:
                    client.send_message("at last")
                eventually(lambda: host.ask("GET", "/api/notes").json())
                assert errors.read_text().count("cannot be reached") == 2
            finally:
                azurite.terminate()


def test_a_malformed_connection_is_named_but_not_shown(tmp_path: Path) -> None:
    """A connection string that cannot be read leaves the host ready and its value unlogged."""
    settings = {"MESSAGE_STORAGE": "AccountKey=secret", "QUEUE": "a", "STUCK_QUEUE": "b"}
    with running_host(APPS / "queue_app", tmp_path / "errors.txt", **settings) as host:
        assert host.ask("GET", "/api/notes").status == 200
    logged = (tmp_path / "errors.txt").read_text()
    assert "setting MESSAGE_STORAGE cannot be read" in logged
    assert "secret" not in logged
