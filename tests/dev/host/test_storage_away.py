"""Storage out of reach, and a host in a process of its own: it ends where the real one ends."""

import signal
import uuid
from pathlib import Path

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import connection_string
from dev.ports import free_ports
from tests.dev.host.faulty_storage import faulty_storage
from tests.dev.host.running_host import (
    APPS,
    RunningHost,
    eventually,
    running_host,
    start,
)
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

APP = APPS / "queue_app"
OUT_OF_REACH = 5
LAST_LINE = "host ended: storage was out of reach (queue "


def settings_for(storage: str, name: str) -> dict[str, str]:
    return {"MESSAGE_STORAGE": storage, "QUEUE": name, "STUCK_QUEUE": f"{name}-stuck"}


@pytest.fixture
def name() -> str:
    return f"q-{uuid.uuid4().hex}"


def last_line(host: RunningHost) -> str:
    """The host's last line, after it has ended with the code for storage out of reach."""
    assert host.process.wait(PATIENCE_SECONDS) == OUT_OF_REACH
    assert host.process.stdout is not None
    return host.process.stdout.read().splitlines()[-1]


def test_storage_that_refuses_connections_ends_the_host(tmp_path: Path) -> None:
    """It is said once per queue while the host tries, then in one line, with a code of its own."""
    errors = tmp_path / "errors.txt"
    settings = settings_for(connection_string(*free_ports(2)), "q")
    with start(APP, errors, "--retry-pause", "0.01", **settings) as process:
        assert process.wait(PATIENCE_SECONDS) == OUT_OF_REACH
        assert process.stdout is not None
        said = process.stdout.read().splitlines()
    assert said[-1].startswith(LAST_LINE)
    assert errors.read_text().count("cannot be reached") == 2


@pytest.mark.parametrize(
    "outage",
    [
        ("GET", 403, None),
        ("DELETE", 500, "deleted after success"),
        ("PUT", 503, "fail and be released"),
        ("POST", 503, "fail and go to poison"),
    ],
)
def test_the_host_ends_with_everything_in_it(
    storage: str, name: str, tmp_path: Path, outage: tuple[str, int, str | None]
) -> None:
    """No function's `finally` runs, and the message comes again with its second delivery."""
    method, status, message = outage
    last_words = tmp_path / "last-words"
    with faulty_storage(storage) as road:
        flags = ("--retry-pause", "0.01", "--lease", "4")
        settings = settings_for(road.connection_string, name)
        with (
            running_host(
                APP, tmp_path / "errors.txt", *flags, **settings, LAST_WORDS=str(last_words)
            ) as host,
            QueueClient.from_connection_string(storage, name) as client,
        ):
            client.send_message("hold")
            eventually(lambda: host.ask("GET", "/api/notes").json())
            road.faults[method] = status
            if message:
                client.send_message(message)
            assert last_line(host).startswith(LAST_LINE)
    assert not last_words.exists()
    with running_host(APP, tmp_path / "errors.txt", **settings_for(storage, name)) as host:
        held = eventually(
            lambda: [n for n in host.ask("GET", "/api/notes").json() if n["body"] == "hold"]
        )
        assert held[0]["dequeue_count"] == 2


def test_a_receive_that_answers_5xx_is_survived(storage: str, name: str, tmp_path: Path) -> None:
    """HTTP goes on, and the queue when it answers again."""
    errors = tmp_path / "errors.txt"
    with (
        faulty_storage(storage) as road,
        running_host(
            APP, errors, "--retry-pause", "0.01", **settings_for(road.connection_string, name)
        ) as host,
        QueueClient.from_connection_string(storage, name) as client,
    ):
        road.faults["GET"] = 503
        eventually(lambda: errors.read_text().count("cannot be reached") == 2)
        assert host.ask("GET", "/api/notes").json() == []
        client.send_message("at last")
        road.faults.clear()
        eventually(lambda: host.ask("GET", "/api/notes").json())
        assert errors.read_text().count("cannot be reached") == 2
        eventually(lambda: errors.read_text().count("reachable again") == 2)


def test_an_instance_of_group_http_survives(name: str, tmp_path: Path) -> None:
    """It listens to no queue, so that a closed storage account ends nothing."""
    settings = settings_for(connection_string(*free_ports(2)), name)
    flags = ("--retry-pause", "0", "--verbose", "--function-group", "http")
    with running_host(APP, tmp_path / "errors.txt", *flags, **settings) as host:
        assert {line.split()[1] for line in host.announced} == {"httpTrigger"}
        assert host.ask("GET", "/api/notes").json() == []
        assert host.stop(signal.SIGTERM) == 0


def test_an_instance_of_one_queue_function_serves_that_queue(
    storage: str, name: str, tmp_path: Path
) -> None:
    """Its messages are taken, and no HTTP function answers."""
    flags = ("--verbose", "--function-group", "function:note")
    with (
        running_host(APP, tmp_path / "errors.txt", *flags, **settings_for(storage, name)) as host,
        QueueClient.from_connection_string(storage, name) as client,
    ):
        assert host.announced == [f"note: queueTrigger {name}"]
        assert host.ask("GET", "/api/notes").status == 404
        client.send_message("hello")

        def is_gone() -> bool:
            return client.get_queue_properties().approximate_message_count == 0

        eventually(is_gone)


def test_a_malformed_connection_is_named_but_not_shown(tmp_path: Path) -> None:
    """A connection string that cannot be read leaves the host ready and its value unlogged."""
    settings = {"MESSAGE_STORAGE": "AccountKey=secret", "QUEUE": "a", "STUCK_QUEUE": "b"}
    with running_host(APP, tmp_path / "errors.txt", **settings) as host:
        assert host.ask("GET", "/api/notes").status == 200
    logged = (tmp_path / "errors.txt").read_text()
    assert "setting MESSAGE_STORAGE cannot be read" in logged
    assert "secret" not in logged
