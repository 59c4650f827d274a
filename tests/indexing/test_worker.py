"""The app in Microsoft's own worker library, which refuses what the plain API accepts.

The library is what Azure loads on Python 3.13: its entry points are called as the host does.
"""

import importlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.app import App
from shared.jobs.job import Job, decode_queue_message
from shared.storage.memory_queues import MemoryQueues
from shared.storage.memory_table import MemoryTable
from tests.clock import Clock
from tests.conftest import Simulator
from tests.environment import ENVIRONMENT
from tests.indexing.protocol import TRACE, Message, StatusResult, host_request, invocation
from tests.test_functions import HTTP, QUEUES, TIMERS

pytestmark = pytest.mark.skipif(
    sys.version_info[:2] != (3, 13), reason="azure-functions-runtime is Azure's worker on 3.13"
)

ROOT = Path(__file__).resolve().parents[2]
TO = "+14155552671"


@dataclass(frozen=True)
class Worker:
    """The worker library with the app in it; its parts are in memory, Twilio is the simulator."""

    library: Any
    functions: dict[str, Any]
    services: App
    queues: MemoryQueues

    async def call(self, name: str, data: Message, **metadata: Message) -> Any:  # noqa: ANN401 - a stand-in
        """Invoke a function and return its value; any error fails the test."""
        function = self.functions[name]
        [trigger] = [b for b in function.raw_bindings if "Trigger" in b]
        argument = json.loads(trigger)["name"]
        response = await self.library.invocation_request(
            invocation(function.function_id, argument, data, **metadata)
        )
        assert_succeeded(response)
        return response.return_value

    async def http(self, name: str, method: str, path: str, body: bytes = b"", **route: str) -> Any:  # noqa: ANN401 - the same
        """Invoke an HTTP function; returns its status and JSON."""
        data = Message(
            http=Message(
                method=method,
                url=f"http://127.0.0.1:7071/api/{path}",
                headers={"content-type": "application/json"},
                query={},
                params=route,
                body=Message(bytes=body),
            )
        )
        answer = (await self.call(name, data)).http
        return int(answer.status_code), json.loads(answer.body.bytes)


def assert_succeeded(response: Any) -> None:  # noqa: ANN401 - the same
    exception = getattr(response.result, "exception", None)
    assert response.result.status == StatusResult.Success, getattr(exception, "stack_trace", None)


@pytest.fixture
async def worker(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worker]:
    """The app indexed by the worker library, afresh."""
    monkeypatch.delitem(sys.modules, "function_app", raising=False)
    library = importlib.import_module("azure_functions_runtime")
    assert_succeeded(
        await library.worker_init_request(
            host_request("worker_init_request", capabilities={}, function_app_directory=str(ROOT))
        )
    )
    indexed = await library.functions_metadata_request(host_request("functions_metadata_request"))
    assert_succeeded(indexed)
    functions = {each.name: each for each in indexed.function_metadata_results}
    services = App(ENVIRONMENT | {"TWILIO_API_BASE_URL": simulator.url}, now=Clock())
    services.table, services.queues = MemoryTable(), MemoryQueues()
    monkeypatch.setattr(sys.modules["function_app"], "switchboard", services)
    yield Worker(library, functions, services, services.queues)
    await services.provider.close()  # type: ignore[attr-defined] # the real one


async def test_the_worker_takes_every_function(worker: Worker) -> None:
    """Microsoft's library indexes and loads every function of the table, and no other."""
    assert set(worker.functions) == {*HTTP, *QUEUES, *TIMERS}
    for function in worker.functions.values():
        assert_succeeded(
            await worker.library.function_load_request(
                host_request("function_load_request", function_id=function.function_id)
            )
        )


async def test_a_message_goes_its_way_through_the_worker(
    worker: Worker, simulator: Simulator
) -> None:
    """HTTP, queue and timer functions run in it: a text is accepted, sent and reconciled."""
    status, health = await worker.http("check_health", "GET", "health")
    assert (status, health["status"]) == (200, "usable")
    body = json.dumps({"to": TO, "body": "Hi"}).encode()
    status, receipt = await worker.http("accept_message", "POST", "messages", body)
    assert status == 202
    [put] = worker.queues.take("outbound")
    job = decode_queue_message(put.message)
    assert isinstance(job, Job)
    assert job.accepted.trace == TRACE
    metadata = {
        "Id": Message(json='"message-1"'),
        "DequeueCount": Message(json="1"),
        "InsertionTime": Message(json='"2026-11-21T12:00:00+00:00"'),
        "ExpirationTime": Message(json='"2026-11-28T12:00:00+00:00"'),
        "NextVisibleTime": Message(json='"2026-11-21T12:10:00+00:00"'),
        "PopReceipt": Message(json='"receipt"'),
    }
    await worker.call("deliver", Message(string=put.message.decode()), **metadata)
    assert len(simulator.posts()) == 1
    name = receipt["id"]
    status, entry = await worker.http("show_message", "GET", f"messages/{name}", id=name)
    assert (status, entry["state"]) == (200, "handed_over")
    timer = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": False}
    for name in TIMERS:
        await worker.call(name, Message(json=json.dumps(timer)))


async def test_a_dropped_request_arrives_with_its_own_id(
    worker: Worker, simulator: Simulator
) -> None:
    """A request on the queue that has an `id` of its own does not hide the message's."""
    body = json.dumps({"to": TO, "body": "Hi", "id": "theirs"}).encode()
    await worker.call("deliver", Message(bytes=body), Id=Message(json='"message-1"'))
    assert simulator.posts() == []
    partition = await worker.services.table.next_partition("")
    assert partition is not None
    [row] = [row async for row in worker.services.table.range(partition)]
    assert "unknown" in row.text or "not a field" in row.text
