"""The queue triggers: what Azure gives a function is what arrives."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from azure.functions.queue import QueueMessage as TriggerMessage

from shared.deliver import by_queue
from shared.deliver.arrive import QueueMessage
from shared.gateway import Gateway
from tests.app import App
from tests.clock import NOON
from tests.environment import ENVIRONMENT


@dataclass
class Arrivals:
    """Stands in for `arrive`: remembers what it was given."""

    delivered: list[QueueMessage] = field(default_factory=list)
    given_up: list[QueueMessage] = field(default_factory=list)

    async def __call__(self, message: QueueMessage) -> None:
        self.delivered.append(message)

    async def give_up(self, message: QueueMessage) -> None:
        self.given_up.append(message)


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


@pytest.fixture
def gateway(arrivals: Arrivals) -> Gateway:
    gateway = Gateway(ENVIRONMENT)
    gateway.arrive = arrivals  # type: ignore[assignment] # it takes what arrive takes
    return gateway


def trigger(**about: Any) -> TriggerMessage:  # noqa: ANN401 - a message's own
    return TriggerMessage(body=b'{"to": "+1"}', **about)  # type: ignore[no-untyped-call] # the library's


@pytest.mark.parametrize(
    "inserted",
    [NOON, NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=2)))],
    ids=["utc", "without a zone", "another zone"],
)
async def test_a_message_arrives_as_the_trigger_gave_it(
    gateway: Gateway, arrivals: Arrivals, inserted: datetime
) -> None:
    """Body, id, time and dequeue count are the message's; a time without a zone is UTC."""
    message = trigger(id="m-1", dequeue_count=3, insertion_time=inserted)
    await by_queue.deliver(message, gateway)
    expected = QueueMessage(body=b'{"to": "+1"}', id="m-1", inserted_at=NOON, dequeue_count=3)
    assert arrivals.delivered == [expected]


async def test_a_message_without_metadata_arrives_all_the_same(
    gateway: Gateway, arrivals: Arrivals
) -> None:
    """Where the host says nothing of a message, it has no id and no time and comes first."""
    await by_queue.deliver(trigger(), gateway)
    assert arrivals.delivered == [
        QueueMessage(body=b'{"to": "+1"}', id="", inserted_at=None, dequeue_count=1)
    ]


async def test_what_the_host_gave_up_is_given_up(gateway: Gateway, arrivals: Arrivals) -> None:
    """A poison queue's message goes to be parked, not to be delivered."""
    await by_queue.give_up(trigger(id="m-1"), gateway)
    assert [message.id for message in arrivals.given_up] == ["m-1"]
    assert arrivals.delivered == []


async def test_a_dropped_request_is_one_entry_at_every_delivery(app: App) -> None:
    """A request dropped on the queue, delivered twice, is one entry under one id."""
    app.gateway.deliver = None  # type: ignore[assignment] # nothing here may send
    fields = json.dumps({"to": "+15005550001", "body": ""}).encode()
    parked: list[tuple[str, str]] = []

    @dataclass(frozen=True)
    class OnlyParks:
        async def park(self, job_id: str, code: str, message: str, *, raw: str) -> None:
            parked.append((job_id, code))
            assert message
            assert raw == fields.decode()

    app.gateway.deliver = OnlyParks()  # type: ignore[assignment] # all that this needs of it
    at = datetime(2026, 11, 21, tzinfo=UTC)
    await app.drop(fields, id="m-7", insertion_time=at)
    await app.drop(fields, id="m-7", insertion_time=at, dequeue_count=2)
    await app.drop(fields, id="m-8", insertion_time=at, queue="outbound-bulk")
    assert [code for _, code in parked] == ["invalid_request"] * 3
    assert parked[0] == parked[1] != parked[2]
