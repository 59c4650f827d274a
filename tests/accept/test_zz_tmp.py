"""5,000 recipients through the host as a process, real queues and tables, and the simulator."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue import QueueClient

from dev.azurite import azurite, connection_string, is_installed
from dev.checkout import HERE
from tests.conftest import Simulator
from tests.cuttable import Line, line_to
from tests.deliver.world import numbers
from tests.dev.host.running_host import Answer, RunningHost, running_host
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
    """Storage that nobody else uses: the app's queues and table have fixed names."""
    with azurite() as found:
        yield found


@pytest.fixture
async def lines(own_storage: str) -> AsyncIterator[tuple[str, Line, Line]]:
    """The storage behind lines that can be cut: its connection string, queue line, table line."""
    queue, table = (int(port) for port in re.findall(r":(\d+)/", own_storage))
    async with line_to(queue) as (queues, queue_port), line_to(table) as (tables, table_port):
        yield connection_string(queue_port, table_port), queues, tables


async def ask(
    host: RunningHost, method: str, path: str, fields: object = None, **headers: str
) -> Answer:
    """Ask the host without holding up the simulator, which lives in this process."""
    named = {name.replace("_", "-"): value for name, value in headers.items()} | KEY
    body = None if fields is None else json.dumps(fields).encode()
    return await asyncio.to_thread(host.ask, method, path, body, named)


async def progress(host: RunningHost, path: str) -> dict[str, Any]:
    """How far a batch is once all of it is known to have left, or to have failed."""
    while True:
        shown: dict[str, Any] = (await ask(host, "GET", path)).json()
        import time; print(f"{time.monotonic():.1f}", shown["states"], shown["rate"], flush=True)
        if not set(shown["states"]) & {"accepted", "delivering", "in_doubt"}:
            return shown
        await asyncio.sleep(0.2)


async def test_storage_goes_away_in_the_middle_of_accepting(
    lines: tuple[str, Line, Line], simulator: Simulator, tmp_path: Path
) -> None:
    """503 says to repeat; repeating completes the batch, and each of 5,000 gets exactly one."""
    storage, queues, tables = lines
    settings = {
        **ENVIRONMENT,
        "MESSAGE_STORAGE": storage,
        "AzureWebJobsStorage": storage,
        "TWILIO_API_BASE_URL": simulator.url,
        "PUBLIC_BASE_URL": NOBODY,
    }
    with running_host(HERE.root, tmp_path / "errors.txt", **settings) as host:
        queues.cut_after(20, b"POST /devstoreaccount1/outbound-bulk/messages")
        posting = asyncio.create_task(
            ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        )
        await queues.is_cut.wait()
        tables.cut()
        interrupted = await posting
        import time; print(f"{time.monotonic():.1f} interrupted", flush=True)
        assert interrupted.status == 503, interrupted.body
        assert interrupted.header("Retry-After")
        queues.mend()
        tables.mend()
        completed = await ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        print(f"{time.monotonic():.1f} completed", flush=True)
        assert completed.status == 202, completed.body
        again = await ask(host, "POST", "/api/batches", FIELDS, Idempotency_Key="k")
        assert again.body == completed.body
        shown = await progress(host, completed.json()["links"]["self"])
        assert (shown["count"], shown["states"]) == (COUNT, {"handed_over": COUNT})
    sent = Counter((m.to, m.body) for m in simulator.exchange.books.messages.rows.values())
    assert sent == Counter((to, f"Hello N{n}") for n, to in enumerate(numbers(COUNT)))


async def test_the_poison_queues_are_emptied_into_the_ledger(
    own_storage: str, simulator: Simulator, tmp_path: Path
) -> None:
    """What the host gave up on is parked with its text, can be retried, and the queues stay empty."""
    settings = {
        **ENVIRONMENT,
        "MESSAGE_STORAGE": own_storage,
        "AzureWebJobsStorage": own_storage,
        "TWILIO_API_BASE_URL": simulator.url,
        "PUBLIC_BASE_URL": NOBODY,
    }
    poison = [
        QueueClient.from_connection_string(own_storage, f"{queue}-poison")
        for queue in ("outbound", "outbound-bulk")
    ]
    with running_host(HERE.root, tmp_path / "errors.txt", **settings) as host:
        for client, to in zip(poison, ["+14155550199", "+14155550198"], strict=True):
            client.send_message(json.dumps({"to": to, "body": "Hi"}))
            client.send_message("no JSON at all")
        path = "/api/messages?state=parked"
        while len(items := (await ask(host, "GET", path)).json()["items"]) < 4:
            await asyncio.sleep(0.1)
        codes = sorted(item["error"]["code"] for item in items)
        assert codes == ["not_json", "not_json", "poison", "poison"]
        assert [i["raw"] for i in items if i["kind"] == "unreadable"] == ["no JSON at all"] * 2
        (first, second) = [i["links"]["self"] for i in items if i["kind"] == "message"]
        for entry in (first, second):
            assert (await ask(host, "POST", f"{entry}/retry")).status == 202
            while (await ask(host, "GET", entry)).json()["state"] != "handed_over":
                await asyncio.sleep(0.1)
        for client in poison:
            while client.get_queue_properties().approximate_message_count:
                await asyncio.sleep(0.1)
            client.close()
    sent = Counter(m.to for m in simulator.exchange.books.messages.rows.values())
    assert sent == Counter(["+14155550199", "+14155550198"])
