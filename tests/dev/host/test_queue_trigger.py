"""A trigger over a queue in memory: what it calls, and what it does to the lease meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import azure.functions as func
import pytest
from azure.storage.queue import QueueMessage

from dev.host.application import IndexedFunction
from dev.host.errors import StorageOutOfReachError
from dev.host.host_file import QueueOptions
from dev.host.invocation import Invoker
from dev.host.leased_queue import LeasedQueue
from dev.host.queue_trigger import QueueTrigger, poll_pause
from dev.host.storage_tries import Tries
from tests.dev.host.fake_queue import FakeQueue, answer
from tests.patience import PATIENCE_SECONDS

MAX_DEQUEUE_COUNT = 3
LEASE = 0.02


class EndedHost:
    """Remembers why the host would have ended."""

    def __init__(self) -> None:
        self.errors: list[StorageOutOfReachError] = []

    def __call__(self, error: StorageOutOfReachError) -> None:
        self.errors.append(error)


class Function:
    """A queue function that notes what it sees, and ends when it may."""

    def __init__(self, error: Exception | None = None) -> None:
        self.counts: list[int | None] = []
        self.may_end = asyncio.Event()
        self.most_at_once = 0
        self.running = 0
        self._error = error

    async def __call__(self, msg: func.QueueMessage) -> None:
        self.counts.append(msg.dequeue_count)
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        await self.may_end.wait()
        self.running -= 1
        if self._error:
            raise self._error


async def until(is_true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():  # noqa: ASYNC110 - any of several things
            await asyncio.sleep(0.001)


@asynccontextmanager
async def polling(  # noqa: PLR0913 - a queue and its options
    function: Function,
    queue: FakeQueue,
    poison: FakeQueue | None = None,
    *,
    lease: float = 600,
    batch: int = 32,
    threshold: int = 32,
) -> AsyncIterator[EndedHost]:
    async def call(msg: func.QueueMessage) -> None:
        await function(msg)

    trigger = {"type": "queueTrigger", "name": "msg"}
    indexed = IndexedFunction("f", call, "msg", trigger, wants_context=False)
    options = QueueOptions(batch, threshold, 0.001, MAX_DEQUEUE_COUNT, 10, base64=False)
    second_client = poison.client if poison else None
    leased = LeasedQueue(queue.client, second_client, options, cast("int", lease), Tries(0))
    end = EndedHost()
    with ThreadPoolExecutor() as threads:
        ours = QueueTrigger(indexed, leased, Invoker(Path(), threads), end)
        running = asyncio.create_task(ours.run())
        try:
            yield end
        finally:
            ours.stop()
            function.may_end.set()
            await running


async def test_the_delivery_after_the_last_goes_to_poison_unseen() -> None:
    """host.json's maxDequeueCount deliveries reach the function, and not one more."""
    queue, poison, function = FakeQueue(), FakeQueue(), Function()
    function.may_end.set()
    queue.put("seen", MAX_DEQUEUE_COUNT)
    queue.put("unseen", MAX_DEQUEUE_COUNT + 1)
    async with polling(function, queue, poison):
        await until(lambda: poison.sent and function.counts)
    assert function.counts == [MAX_DEQUEUE_COUNT]
    assert [content for content, _ in poison.sent] == ["unseen"]


async def test_a_poison_queue_is_served_whatever_the_count() -> None:
    """A thousand deliveries reach the function, and its failure releases nothing."""
    queue, function = FakeQueue("q-poison"), Function(RuntimeError("on purpose"))
    function.may_end.set()
    queue.put(dequeue_count=1000)
    async with polling(function, queue):
        await until(lambda: function.counts)
    assert function.counts == [1000]
    assert set(queue.calls) == {"receive", "close"}


async def test_a_lease_is_renewed_until_it_is_lost() -> None:
    """Each half of a lease brings a renewal; after a lost one there is none, and no end."""
    queue, function = FakeQueue(), Function()
    renewal = f"hide 1 {LEASE}"
    queue.put()
    async with polling(function, queue, FakeQueue(), lease=LEASE) as end:
        await until(lambda: queue.calls.count(renewal) >= 2)
        queue.failures[renewal] = [answer(404)]
        await until(lambda: not queue.failures[renewal])
        renewals = queue.calls.count(renewal)
        await asyncio.sleep(LEASE * 3)
        assert queue.calls.count(renewal) == renewals
        function.may_end.set()
        await until(lambda: any(call.startswith("delete") for call in queue.calls))
    assert end.errors == []


async def test_a_message_is_settled_with_the_receipt_of_before_a_renewal_under_way() -> None:
    """A function that ends during a renewal is settled with a stale receipt: delivered again."""
    under_way = asyncio.Event()

    class SlowQueue(FakeQueue):
        async def update_message(self, message: QueueMessage, *, visibility_timeout: int) -> None:
            self._called(f"hide {message.id} {visibility_timeout}")
            under_way.set()
            await asyncio.Event().wait()

    queue, function = SlowQueue(), Function()
    queue.put()
    async with polling(function, queue, FakeQueue(), lease=LEASE):
        await under_way.wait()
        function.may_end.set()
        await until(lambda: "delete 1 receipt-0" in queue.calls)


@pytest.mark.parametrize("call", ["receive", "delete 1 receipt-0", f"hide 1 {LEASE}"])
async def test_storage_out_of_reach_ends_the_host(call: str) -> None:
    """Wherever it is noticed, the host ends, with functions running."""
    queue, function = FakeQueue(failures={call: [answer(403)]}), Function()
    queue.put()
    async with polling(function, queue, FakeQueue(), lease=LEASE) as end:
        if call.startswith("delete"):
            function.may_end.set()
        await until(lambda: end.errors)
        assert str(end.errors[0]) == "queue q: storage answered 403"


async def test_at_most_a_batch_more_than_the_threshold_runs_at_once() -> None:
    """The next fetch comes when the number running has fallen to newBatchThreshold."""
    queue, function = FakeQueue(), Function()
    for number in range(20):
        queue.put(name=str(number))
    async with polling(function, queue, FakeQueue(), batch=4, threshold=2):
        await until(lambda: function.running == 4)
        function.may_end.set()
        await until(lambda: len(function.counts) == 20)
    assert function.most_at_once <= 6
    assert queue.calls.count("receive") >= 5


def test_the_waits_between_empty_polls() -> None:
    """0.1 s, then about twice as much added each time, up to maxPollingInterval."""

    def middle(low: float, high: float) -> float:
        return (low + high) / 2

    waits = [round(poll_pause(count, 1.0, middle), 3) for count in range(7)]
    assert waits == [0.1, 0.2, 0.3, 0.5, 0.9, 1.0, 1.0]
    assert poll_pause(0, 0.05, middle) == 0.05
    assert poll_pause(10_000, 60, middle) == 60


@pytest.mark.parametrize(("end", "second"), [(min, 0.18), (max, 0.22)])
def test_the_waits_vary_by_a_fifth(end: Callable[..., float], second: float) -> None:
    """The added part is 80 to 120 per cent, so that instances do not poll in step."""
    assert round(poll_pause(1, 1.0, end), 3) == second
