"""5,000 recipients through the host as a process, real queues and tables, and the simulator."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import azurite, connection_string, is_installed
from dev.checkout import HERE
from tests.conftest import Simulator
from tests.cuttable import Line, line_to
from tests.deliver.world import numbers
from tests.dev.host.running_host import Answer, RunningHost, eventually, running_host
from tests.environment import ENVIRONMENT, NOBODY

pytestmark = pytest.mark.skipif(not is_installed(), reason="`python3 dev test` installs Azurite")

KEY = {"x-functions-key": "local-key"}
COUNT = 5000
FIELDS = {
    "body": "Hello {{name}}",
    "recipients": [{"to": to, "name": f"N{n}"} for n, to in enumerate(numbers(COUNT))],
    "receipts": False,
}


@pytest.fixture(scope="module")
def own_storage() -> Iterator[str]:
    """Storage of its own, since the app's queues and table have fixed names."""
    with azurite() as found:
        yield found


@pytest.fixture
async def queues(own_storage: str) -> AsyncIterator[tuple[str, Line]]:
    """The storage with its queues behind a line that can be cut, and that line."""
    queue, table = (int(port) for port in re.findall(r":(\d+)/", own_storage))
    async with line_to(queue) as (line, port):
        yield connection_string(port, table), line


def settings(storage: str, simulator: Simulator) -> dict[str, str]:
    """The settings of a host."""
    return {
        **ENVIRONMENT,
        "MESSAGE_STORAGE": storage,
        "AzureWebJobsStorage": storage,
        "TWILIO_API_BASE_URL": simulator.url,
        "PUBLIC_BASE_URL": NOBODY,
    }


@asynccontextmanager
async def hosting(folder: Path, given: dict[str, str]) -> AsyncIterator[RunningHost]:
    """Run a host without holding up what it needs in order to start: the line is in this loop."""
    host = running_host(HERE.root, folder / "errors.txt", **given)
    running = await asyncio.to_thread(host.__enter__)
    try:
        yield running
    finally:
        await asyncio.to_thread(host.__exit__, None, None, None)


async def ask(
    host: RunningHost, method: str, path: str, fields: object = None, **headers: str
) -> Answer:
    """Ask the host without holding up the simulator, which lives in this process."""
    named = {name.replace("_", "-"): value for name, value in headers.items()} | KEY
    body = None if fields is None else json.dumps(fields).encode()
    return await asyncio.to_thread(host.ask, method, path, body, named)


async def until(look: Callable[[dict[str, Any]], bool], host: RunningHost, path: str) -> Any:  # noqa: ANN401 - JSON
    """Return the answer of a path once it is as expected."""
    while True:
        shown = (await ask(host, "GET", path)).json()
        if look(shown):
            return shown
        await asyncio.sleep(0.2)


def is_empty(queue: QueueClient) -> bool:
    """Whether nothing is on a queue, hidden or not."""
    return queue.get_queue_properties().approximate_message_count == 0


def has_left(batch: dict[str, Any]) -> bool:
    """Whether nothing of a batch is on its way any more."""
    return not set(batch["states"]) & {"accepted", "delivering", "in_doubt"}


async def test_storage_goes_away_in_the_middle_of_accepting(
    queues: tuple[str, Line], simulator: Simulator, tmp_path: Path
) -> None:
    """503 says to repeat; repeating completes the batch, and each of 5,000 gets exactly one."""
    storage, line = queues
    async with hosting(tmp_path, settings(storage, simulator)) as host:
        line.cut_after(20, b"POST /devstoreaccount1/outbound-bulk/messages")
        posting = asyncio.create_task(
            ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        )
        await line.is_cut.wait()
        interrupted = await posting
        assert interrupted.status == 503, interrupted.body
        assert interrupted.header("Retry-After")
        line.mend()
        completed = await ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        assert completed.status == 202, completed.body
        again = await ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        assert again.body == completed.body
        shown = await until(has_left, host, completed.json()["links"]["self"])
        assert (shown["count"], shown["states"]) == (COUNT, {"handed_over": COUNT})
    sent = Counter((m.to, m.body) for m in simulator.exchange.books.messages.rows.values())
    assert sent == Counter((to, f"Hello N{n}") for n, to in enumerate(numbers(COUNT)))


async def test_the_poison_queues_are_emptied_into_the_ledger(
    own_storage: str, simulator: Simulator, tmp_path: Path
) -> None:
    """A job that the host gave up on is parked, can be retried, and the queues stay empty."""
    poison = [
        QueueClient.from_connection_string(own_storage, f"{queue}-poison")
        for queue in ("outbound", "outbound-bulk")
    ]
    async with hosting(tmp_path, settings(own_storage, simulator)) as host:
        for client, to in zip(poison, ["+14155550199", "+14155550198"], strict=True):
            client.send_message(json.dumps({"to": to, "body": "Hi", "idempotency_key": to}))
            client.send_message(f"no JSON at all, {to}")
        path = "/api/messages?state=parked"
        items = (await until(lambda page: len(page["items"]) == 4, host, path))["items"]
        codes = sorted(item["error"]["code"] for item in items)
        assert codes == ["not_json", "not_json", "poison", "poison"]
        assert sorted(i["raw"] for i in items if i["kind"] == "unreadable") == [
            "no JSON at all, +14155550198",
            "no JSON at all, +14155550199",
        ]
        (first, second) = [i["links"]["self"] for i in items if i["kind"] == "message"]
        for entry in (first, second):
            assert (await ask(host, "POST", f"{entry}/retry")).status == 202
            await until(lambda shown: bool(shown["state"] == "handed_over"), host, entry)
        for client in poison:
            await asyncio.to_thread(eventually, lambda c=client: is_empty(c))
            client.close()
    sent = Counter(m.to for m in simulator.exchange.books.messages.rows.values())
    assert sent == Counter(["+14155550199", "+14155550198"])
