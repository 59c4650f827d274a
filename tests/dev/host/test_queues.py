import json
import shutil
import signal
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from tests.dev.host.running_host import APPS, RunningHost, eventually, running_host

pytestmark = pytest.mark.slow

APP = APPS / "queue_app"


@pytest.fixture
def name() -> str:
    return f"q-{uuid.uuid4().hex}"


@contextmanager
def queue(storage: str, name: str) -> Iterator[QueueClient]:
    with QueueClient.from_connection_string(storage, name) as client:
        yield client


def texts(storage: str, name: str) -> list[str]:
    with queue(storage, name) as client:
        return [message.content for message in client.peek_messages(32)]


def is_gone(storage: str, name: str) -> bool:
    with queue(storage, name) as client:
        return client.get_queue_properties().approximate_message_count == 0


def serving(
    storage: str, name: str, folder: Path, *flags: str, app: Path = APP, **more: str
) -> AbstractContextManager[RunningHost]:
    settings = {"MESSAGE_STORAGE": storage, "QUEUE": name, "STUCK_QUEUE": f"{name}-stuck", **more}
    return running_host(app, folder / "errors.txt", *flags, **settings)


def notes(host: RunningHost, at_least: int = 1) -> list[dict[str, Any]]:
    def enough() -> list[dict[str, Any]] | None:
        seen: list[dict[str, Any]] = host.ask("GET", "/api/notes").json()
        return seen if len(seen) >= at_least else None

    return eventually(enough) or []


def test_serves_a_message_and_deletes_it(storage: str, name: str, tmp_path: Path) -> None:
    """The queues exist at `ready`; a message reaches the function with its metadata, then goes."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        sent = client.send_message("plain <text> é")
        seen = notes(host)[0]
        assert seen == {
            "id": sent.id,
            "body": "plain <text> é",
            "dequeue_count": 1,
            "times": [True, True],
        }
        eventually(lambda: is_gone(storage, name))
        assert texts(storage, f"{name}-poison") == []


def test_a_proxy_of_the_environment_is_passed_over(
    storage: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a proxy is set for the wide world, the storage on this machine is still reached."""
    for variable in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with serving(storage, name, tmp_path) as host:
        monkeypatch.undo()
        with queue(storage, name) as client:
            client.send_message("straight")
        assert notes(host)[0]["body"] == "straight"


def test_many_messages_are_each_served_once(storage: str, name: str, tmp_path: Path) -> None:
    """More messages than a batch holds are all served, none twice."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        for number in range(30):
            client.send_message(str(number))
        bodies = [int(str(note["body"])) for note in notes(host, 30)]
        eventually(lambda: is_gone(storage, name))
        assert sorted(bodies) == list(range(30))


def test_a_json_body_overrides_metadata(storage: str, name: str, tmp_path: Path) -> None:
    """A top-level `id` hides the queue's own id, as in the worker."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        client.send_message(json.dumps({"id": 7, "to": "+14155552671"}))
        assert notes(host)[0]["id"] == "7"


def test_failures_end_in_the_poison_queue(storage: str, name: str, tmp_path: Path) -> None:
    """A message that fails maxDequeueCount times is copied to the poison queue and deleted."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        client.send_message("fail")
        eventually(lambda: texts(storage, f"{name}-poison") == ["fail"])
        eventually(lambda: is_gone(storage, name))
        assert [note["dequeue_count"] for note in notes(host, 2)] == [1, 2]
        assert "RuntimeError: failed on purpose" in host.errors.read_text()


def test_a_poison_queue_has_no_poison_queue(storage: str, name: str, tmp_path: Path) -> None:
    """A message that fails on a poison queue stays there."""
    poison = f"{name}-poison"
    with serving(storage, poison, tmp_path) as host, queue(storage, poison) as client:
        client.send_message("fail")
        notes(host)
        assert not is_gone(storage, poison)
    with pytest.raises(ResourceNotFoundError):
        texts(storage, f"{poison}-poison")


def test_base64_is_decoded_or_put_aside(storage: str, name: str, tmp_path: Path) -> None:
    """With messageEncoding base64 the function sees decoded bytes, never what is not base64."""
    app = tmp_path / "app"
    shutil.copytree(APP, app)
    host_json = app / "host.json"
    host_json.write_text(host_json.read_text().replace('"none"', '"base64"'))
    with serving(storage, name, tmp_path, app=app) as host, queue(storage, name) as client:
        client.send_message("not base64!")
        client.send_message("aGVsbG8=")
        assert notes(host)[0]["body"] == "hello"
        eventually(lambda: texts(storage, f"{name}-poison") == ["not base64!"])
        assert len(notes(host)) == 1


def test_a_lease_is_renewed_while_the_function_runs(
    storage: str, name: str, tmp_path: Path
) -> None:
    """A function that outlives its lease keeps its message, and deletes it in the end."""
    with (
        serving(storage, name, tmp_path, "--lease", "3") as host,
        queue(storage, name) as client,
    ):
        client.send_message("hold")
        client.send_message("the clock", visibility_timeout=7)
        assert [note["body"] for note in notes(host, 2)] == ["hold", "the clock"]
        host.ask("POST", "/api/release")
        eventually(lambda: is_gone(storage, name))
        assert len(notes(host)) == 2


def test_a_killed_host_gives_its_messages_back(storage: str, name: str, tmp_path: Path) -> None:
    """A message that a dead host held comes again when its lease ends."""
    with queue(storage, name) as client:
        with serving(storage, name, tmp_path, "--lease", "2") as host:
            client.send_message("hold")
            notes(host)
            assert host.stop(signal.SIGKILL) == -signal.SIGKILL
        with serving(storage, name, tmp_path) as host:
            assert [(n["body"], n["dequeue_count"]) for n in notes(host)] == [("hold", 2)]


def test_too_many_deliveries_go_to_poison_unseen(storage: str, name: str, tmp_path: Path) -> None:
    """A message delivered more often than maxDequeueCount, its workers dead, is put aside."""
    with queue(storage, name) as client:
        client.create_queue()
        client.send_message("deadly")
        for _ in range(2):
            taken = client.receive_message()
            assert taken is not None
            client.update_message(taken, visibility_timeout=0)
        with serving(storage, name, tmp_path) as host:
            eventually(lambda: texts(storage, f"{name}-poison") == ["deadly"])
            assert host.ask("GET", "/api/notes").json() == []


def test_a_deleted_queue_is_made_again(storage: str, name: str, tmp_path: Path) -> None:
    """Deleting a queue under the host does not stop it."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        client.delete_queue()

        def sent() -> bool:
            try:
                client.send_message("again")
            except ResourceNotFoundError:
                return False
            return True

        eventually(sent)
        assert notes(host)[0]["body"] == "again"


def test_functions_in_flight_finish_at_a_stop(storage: str, name: str, tmp_path: Path) -> None:
    """After SIGTERM a running function comes to its end and its message is deleted."""
    with serving(storage, name, tmp_path) as host, queue(storage, name) as client:
        client.send_message("nap")
        notes(host)
        assert host.stop(signal.SIGTERM) == 0
    assert is_gone(storage, name)


def test_what_is_cut_off_at_a_stop_runs_no_finally_block(
    storage: str, name: str, tmp_path: Path
) -> None:
    """After its grace the host ends as a killed process does, and the message is not deleted."""
    last_words = tmp_path / "last-words"
    with (
        serving(storage, name, tmp_path, "--grace", "0.2", LAST_WORDS=str(last_words)) as host,
        queue(storage, name) as client,
    ):
        client.send_message("hold")
        notes(host)
        assert host.stop(signal.SIGTERM) == 0
    assert not last_words.exists()
    assert not is_gone(storage, name)


def test_says_once_which_queues_azure_would_not_create(
    storage: str, name: str, tmp_path: Path
) -> None:
    """One line at the first start names them, without poison queues, and none at the next."""
    for line in (f"created {name}, {name}-stuck: Azure would not", None):
        with serving(storage, name, tmp_path) as host:
            logged = host.errors.read_text()
            assert logged.count("Azure would not") == bool(line)
            assert line is None or line in logged


def test_a_stuck_thread_does_not_hold_up_a_stop(storage: str, name: str, tmp_path: Path) -> None:
    """A plain function that never returns is left behind, its message not deleted."""
    with (
        serving(storage, name, tmp_path, "--grace", "0.2") as host,
        queue(storage, f"{name}-stuck") as client,
    ):
        client.send_message("stuck")
        notes(host)
        assert host.stop(signal.SIGINT) == 0
    assert not is_gone(storage, f"{name}-stuck")


def test_runs_a_queue_function_by_hand(storage: str, name: str, tmp_path: Path) -> None:
    """The admin path runs the function on a text, past the queue: no id, no receipt."""
    with serving(storage, name, tmp_path) as host:
        admin = {"x-functions-key": "local-admin-key"}
        body = json.dumps({"input": "by hand"}).encode()
        assert host.ask("POST", "/admin/functions/note", body, admin).status == 202
        assert notes(host) == [
            {"id": None, "body": "by hand", "dequeue_count": 0, "times": [True, False]}
        ]
        assert host.ask("POST", "/admin/functions/note", b"[", admin).status == 400


def test_a_missing_connection_leaves_one_function_out(
    storage: str, name: str, tmp_path: Path
) -> None:
    """A queue without its setting is named in the log; the rest is served."""
    with serving(storage, name, tmp_path, "--verbose") as host:
        assert "unserved: queueTrigger is not served" in host.announced
        assert f"note: queueTrigger {name}" in host.announced
    assert "setting NOT_SET is missing" in (tmp_path / "errors.txt").read_text()
