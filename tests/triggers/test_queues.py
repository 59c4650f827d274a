"""The queue triggers: what Azure gives a function is what arrives."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from azure.functions.queue import QueueMessage as TriggerMessage

from shared.app import App
from shared.deliver.receive import SETTINGS_DELAY, QueueMessage
from shared.errors import SettingsError
from shared.ledger.listing import list_newest
from shared.storage.azure_queues import AzureQueues
from shared.storage.memory_queues import MemoryQueues
from shared.triggers import queues
from tests.clock import NOON, Clock
from tests.deliver.world import World
from tests.environment import ENVIRONMENT
from tests.in_memory_app import InMemoryApp


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[QueueMessage]]:
    """What the triggers gave to each of the two functions that take a queue message."""
    given: dict[str, list[QueueMessage]] = {"receive_message": [], "receive_poison": []}

    def receiver(name: str) -> Callable[[App, QueueMessage], Awaitable[None]]:
        async def receive(_app: App, message: QueueMessage) -> None:
            given[name].append(message)

        return receive

    for name in given:
        monkeypatch.setattr(queues, name, receiver(name))
    return given


def trigger(**about: Any) -> TriggerMessage:  # noqa: ANN401 - a message's own
    return TriggerMessage(body=b'{"to": "+1"}', **about)  # type: ignore[no-untyped-call] # the library's


@pytest.mark.parametrize(
    "inserted",
    [NOON, NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=2)))],
    ids=["utc", "without a zone", "another zone"],
)
async def test_a_message_arrives_as_the_trigger_gave_it(
    received: dict[str, list[QueueMessage]], inserted: datetime
) -> None:
    """Body, id, time and dequeue count are the message's; a time without a zone is UTC."""
    message = trigger(id="m-1", dequeue_count=3, insertion_time=inserted)
    await queues.deliver(message, App(ENVIRONMENT))
    expected = QueueMessage(body=b'{"to": "+1"}', id="m-1", inserted_at=NOON, dequeue_count=3)
    assert received["receive_message"] == [expected]


async def test_a_message_without_metadata_arrives_all_the_same(
    received: dict[str, list[QueueMessage]],
) -> None:
    """Where the host says nothing of a message, it has no id and no time and comes first."""
    await queues.deliver(trigger(), App(ENVIRONMENT))
    assert received["receive_message"] == [
        QueueMessage(body=b'{"to": "+1"}', id="", inserted_at=None, dequeue_count=1)
    ]


async def test_what_the_host_gave_up_is_given_up(received: dict[str, list[QueueMessage]]) -> None:
    """A poison queue's message goes to be parked, not to be delivered."""
    await queues.park(trigger(id="m-1"), App(ENVIRONMENT))
    assert [message.id for message in received["receive_poison"]] == ["m-1"]
    assert received["receive_message"] == []


async def test_a_dropped_request_is_one_entry_at_every_delivery(app: InMemoryApp) -> None:
    """A request dropped on the queue, delivered twice, is one entry under one id."""
    fields = json.dumps({"to": "+15005550001", "body": ""}).encode()
    at = datetime(2026, 11, 21, tzinfo=UTC)
    await app.drop(fields, id="m-7", insertion_time=at)
    await app.drop(fields, id="m-7", insertion_time=at, dequeue_count=2)
    await app.drop(fields, id="m-8", insertion_time=at, queue="outbound-bulk")
    page = await list_newest(app.table, lambda *_: True, limit=10, cursor=None)
    errors = [(entry.parked.code, entry.parked.raw) for entry, _ in page.items if entry.parked]
    assert errors == [("invalid_request", fields.decode())] * 2
    assert len({entry.id for entry, _ in page.items}) == 2


@pytest.mark.parametrize(
    ("body", "queue"),
    [
        (b'{"to": "+14155552671", "body": "Hi"}', "outbound"),
        (b'{"to": "+14155552671", "body": "Hi", "lane": "bulk"}', "outbound-bulk"),
        (b"hello", "outbound"),
    ],
)
async def test_a_message_waits_while_the_settings_are_wrong(body: bytes, queue: str) -> None:
    """It goes back to its queue for a while, with its first id and time, and ends nowhere."""
    wrong = App({**ENVIRONMENT, "PUBLIC_BASE_URL": "nonsense"})
    wrong.queues_alone = waiting = MemoryQueues(Clock())
    message = TriggerMessage(body=body, id="m-1", insertion_time=NOON, dequeue_count=1)  # type: ignore[no-untyped-call] # the library's
    await queues.deliver(message, wrong)
    (put,) = waiting.puts
    assert (put.queue, put.delay) == (queue, SETTINGS_DELAY)
    again = TriggerMessage(body=put.message, id="m-2", insertion_time=NOON, dequeue_count=1)  # type: ignore[no-untyped-call] # the library's
    await queues.deliver(again, wrong)
    assert waiting.puts[1].message == put.message


async def test_a_job_waits_on_the_queue_of_its_lane_as_it_is() -> None:
    """Its signature stays what it was."""
    world = World()
    await world.accepted(lane="bulk")
    (job,) = world.queue.messages
    wrong = App({**ENVIRONMENT, "PUBLIC_BASE_URL": "nonsense"})
    wrong.queues_alone = waiting = MemoryQueues(Clock())
    await queues.deliver(TriggerMessage(body=job.body, id="m-1"), wrong)  # type: ignore[no-untyped-call] # the library's
    assert [(put.queue, put.message) for put in waiting.puts] == [("outbound-bulk", job.body)]


def test_the_queues_need_the_settings_of_the_storage_only() -> None:
    """They open whatever else is wrong, and say what is wrong with theirs."""
    opened = App({"MESSAGE_STORAGE": ENVIRONMENT["MESSAGE_STORAGE"]}).queues_alone
    assert isinstance(opened, AzureQueues)
    with pytest.raises(SettingsError, match="MESSAGE_STORAGE"):
        _ = App({}).queues_alone
