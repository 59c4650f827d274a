import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest
from azure.core.exceptions import (
    AzureError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.queue import QueueMessage

from dev.host.errors import StorageOutOfReachError
from dev.host.host_file import QueueOptions
from dev.host.leased_queue import LeasedQueue
from dev.host.storage_tries import Tries
from tests.dev.host.fake_queue import DAYS_7, FakeQueue, answer

REFUSED = ServiceRequestError("connection refused")
SLOW = ServiceResponseError("no answer in time")
OPTIONS = QueueOptions(32, 32, 1.0, 2, 10, base64=False)
LEASE = 600


def leased(queue: FakeQueue, poison: FakeQueue | None = None) -> LeasedQueue:
    poison_client = poison.client if poison else None
    return LeasedQueue(queue.client, poison_client, OPTIONS, LEASE, Tries(0))


def fails(method: str, *errors: Exception) -> FakeQueue:
    queue = FakeQueue(failures={method: list(errors)})
    queue.put()
    return queue


@pytest.mark.parametrize("error", [answer(403), answer(401), answer(400)])
async def test_a_refused_receive_ends_the_host_at_once(error: AzureError) -> None:
    """A refusal is not tried again."""
    queue = fails("receive", error)
    with pytest.raises(StorageOutOfReachError, match="queue q: storage answered 40"):
        await leased(queue).fetch()
    assert queue.calls == ["receive"]


@pytest.mark.parametrize("error", [REFUSED, SLOW])
async def test_no_answer_ends_the_host_after_six_tries(error: AzureError) -> None:
    """A connection that is refused or slow is tried six times."""
    queue = fails("receive", *[error] * 6)
    with pytest.raises(StorageOutOfReachError):
        await leased(queue).fetch()
    assert queue.calls == ["receive"] * 6


async def test_the_sixth_try_may_succeed() -> None:
    """Five failures end nothing."""
    queue = fails("receive", *[REFUSED] * 5)
    assert len(await leased(queue).fetch()) == 1


async def test_a_receive_that_answers_5xx_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    """A server's error is tried six times, then looks like an empty queue, and is said once."""
    caplog.set_level(logging.INFO, "dev.host")
    queue = fails("receive", *[answer(503)] * 12)
    ours = leased(queue)
    assert await ours.fetch() == []
    assert await ours.fetch() == []
    assert queue.calls == ["receive"] * 12
    assert len(await ours.fetch()) == 1
    assert [record.message for record in caplog.records] == [
        "queue q: cannot be reached: storage answered 503",
        "queue q: reachable again",
    ]


class SilentQueue(FakeQueue):
    """Gives no answer to its first renewals."""

    def __init__(self, silences: int) -> None:
        super().__init__()
        self._silences = silences

    async def update_message(self, message: QueueMessage, *, visibility_timeout: int) -> object:
        if self._silences:
            self._silences -= 1
            await asyncio.Event().wait()
        return await super().update_message(message, visibility_timeout=visibility_timeout)


async def test_a_host_that_was_frozen_tries_once_more() -> None:
    """When the time for tries has passed without an answer, one more try may succeed."""
    queue = SilentQueue(silences=1)
    ours = LeasedQueue(queue.client, None, OPTIONS, LEASE, Tries(0, max_seconds=0.01))
    assert await ours.renew(queue.put())


async def test_silence_ends_the_host() -> None:
    """Storage that does not answer the last try either is out of reach."""
    queue = SilentQueue(silences=2)
    tries = Tries(0, max_seconds=0.01, max_last_seconds=0.01)
    with pytest.raises(StorageOutOfReachError, match="no answer"):
        await LeasedQueue(queue.client, None, OPTIONS, LEASE, tries).renew(queue.put())


async def test_a_queue_that_is_being_deleted_looks_empty() -> None:
    """Storage's conflict is not an outage."""
    assert await leased(fails("receive", answer(409))).fetch() == []


async def test_a_look_that_is_refused_ends_the_host() -> None:
    """403 when looking whether the queue exists is not tried again."""
    queue = fails("look", answer(403))
    with pytest.raises(StorageOutOfReachError):
        await leased(queue).create()
    assert queue.calls == ["look"]


@pytest.mark.parametrize(("name", "would_not"), [("q", True), ("q-poison", False)])
async def test_creating_says_what_azure_would_not(name: str, would_not: bool) -> None:  # noqa: FBT001 - a table's column
    """Azure creates poison queues only; a queue that is there is left alone."""
    queue, poison = FakeQueue(name, exists=False), FakeQueue(exists=False)
    ours = leased(queue, poison)
    assert await ours.create() is would_not
    assert await ours.create() is False
    assert (queue.calls, poison.calls) == (["look", "create", "look"],) * 2


REQUESTS: dict[str, tuple[str, Callable[[LeasedQueue, QueueMessage], Awaitable[object]]]] = {
    "delete": ("delete 1 receipt-0", lambda q, m: q.settle(m, succeeded=True)),
    "release": ("hide 1 10", lambda q, m: q.settle(m, succeeded=False)),
    "renewal": ("hide 1 600", lambda q, m: q.renew(m)),
    "poison put": ("send", lambda q, m: q.put_aside(m)),
}


@pytest.mark.parametrize("error", [answer(500), answer(503), answer(408), answer(429), REFUSED])
@pytest.mark.parametrize("request_name", REQUESTS)
async def test_a_request_about_a_message_ends_the_host_after_six_tries(
    request_name: str, error: AzureError
) -> None:
    """Delete, release, renewal and poison put are not survived, nor is a server's error."""
    call, act = REQUESTS[request_name]
    queue = FakeQueue(failures={call: [error] * 6})
    ours = leased(queue, queue)
    with pytest.raises(StorageOutOfReachError):
        await act(ours, queue.put())
    assert queue.calls == [call] * 6


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_a_lost_lease_is_left_alone(status: int) -> None:
    """A stale receipt, or a message that is gone, ends nothing and is not tried again."""
    for name in ("delete", "release", "renewal"):
        call, act = REQUESTS[name]
        queue = FakeQueue(failures={call: [answer(status)]})
        assert not await act(leased(queue, FakeQueue()), queue.put())
        assert queue.calls == [call]


async def test_a_renewal_changes_the_receipt() -> None:
    """The message is deleted with the receipt of the last renewal."""
    queue = FakeQueue()
    ours, message = leased(queue, FakeQueue()), queue.put()
    assert await ours.renew(message)
    await ours.settle(message, succeeded=True)
    assert queue.calls == ["hide 1 600", "delete 1 receipt-1"]


async def test_a_failure_is_released_and_the_last_one_goes_to_poison() -> None:
    """Copy, then delete; the copy lives seven days."""
    queue, poison = FakeQueue(), FakeQueue()
    ours = leased(queue, poison)
    await ours.settle(queue.put("first", 1), succeeded=False)
    assert (queue.calls, poison.sent) == (["hide 1 10"], [])
    await ours.settle(queue.put("last", 2), succeeded=False)
    assert poison.sent == [("last", DAYS_7)]
    assert queue.calls[1:] == ["delete 1 receipt-2"]


async def test_a_copy_that_failed_deletes_nothing() -> None:
    """The original stays until its copy is there, also where the poison queue is missing."""
    queue, poison = FakeQueue(), FakeQueue(failures={"send": [answer(404), answer(413)]})
    with pytest.raises(StorageOutOfReachError):
        await leased(queue, poison).put_aside(queue.put())
    assert (queue.calls, poison.calls) == ([], ["send", "look", "send"])


async def test_a_missing_poison_queue_is_created() -> None:
    """The first message that fails creates the poison queue, as in Azure."""
    queue, poison = FakeQueue(), FakeQueue(exists=False)
    await leased(queue, poison).put_aside(queue.put("x"))
    assert (poison.calls, poison.sent) == (["send", "look", "create", "send"], [("x", DAYS_7)])


async def test_a_failure_on_a_poison_queue_releases_nothing() -> None:
    """It stays hidden for the rest of its lease, however often it was delivered."""
    queue = FakeQueue("q-poison")
    ours = leased(queue)
    assert ours.takes_any_count()
    for count in (1, 1000):
        await ours.settle(queue.put(dequeue_count=count), succeeded=False)
    await ours.put_aside(queue.put())
    assert queue.calls == []


async def test_a_queue_that_somebody_else_creates_first_is_there() -> None:
    """Storage answers 204 to the second one who creates it, which the library calls an error."""
    raced = ResourceExistsError("Queue already exists")
    raced.status_code = 204
    missing = ResourceNotFoundError("The specified queue does not exist")
    queue = FakeQueue(failures={"look": [missing], "create": [raced]})
    assert not await leased(queue).create()
