"""One contract for the queues, which those in memory and those on Azurite both keep."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.pipeline import PipelineContext, PipelineRequest
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import HttpRequest
from azure.storage.queue import (
    AccountSasPermissions,
    ResourceTypes,
    Services,
    generate_account_sas,
)
from azure.storage.queue.aio import QueueClient, QueueServiceClient
from yarl import URL

from dev.azurite import KEY, connection_string
from dev.chaos.storage_proxy import StorageProxy
from dev.ports import HOST
from shared.errors import StorageUnavailableError
from shared.jobs.job import MAX_JOB_BYTES, decode_queue_message
from shared.storage.azure_queues import AzureQueues, open_queues
from shared.storage.memory_queues import MemoryQueues
from shared.storage.queues import INBOUND_QUEUE, MAX_DELAY, POISON_OF_LANE, QUEUE_OF_LANE, Queues
from tests.environment import settings
from tests.storage_away import (
    BY_IDENTITY,
    Identity,
    Refusing,
    TokenAskedError,
    UnluckyOnce,
    closed,
    nobody,
    silent,
)

NAMES = (*QUEUE_OF_LANE.values(), INBOUND_QUEUE)


@dataclass(frozen=True)
class SeenQueues:
    """Queues, and a way to look at what is on one and can be seen."""

    queue: Queues
    seen: Callable[[str], Awaitable[list[bytes]]]


@pytest.fixture(params=["memory", pytest.param("storage", marks=pytest.mark.slow)])
async def queues(request: pytest.FixtureRequest) -> AsyncIterator[SeenQueues]:
    """Empty queues; the real ones are not even created yet."""
    if request.param == "memory":
        in_memory = MemoryQueues()

        async def put(name: str) -> list[bytes]:
            return [each.message for each in in_memory.take(name) if each.delay <= timedelta()]

        yield SeenQueues(in_memory, put)
        return
    storage = request.getfixturevalue("storage")
    async with QueueServiceClient.from_connection_string(storage) as service:

        async def received(name: str) -> list[bytes]:
            client = service.get_queue_client(name)
            return [base64.b64decode(m.content) async for m in client.receive_messages()]

        await without_queues(service)
        in_storage = open_queues(settings(MESSAGE_STORAGE=storage), nobody)
        yield SeenQueues(in_storage, received)
        await in_storage.close()
        await without_queues(service)


async def without_queues(service: QueueServiceClient) -> None:
    async for queue in service.list_queues():
        if queue.name in NAMES:
            await service.delete_queue(queue.name)


async def test_what_is_put_can_be_taken(queues: SeenQueues) -> None:
    """A message comes off its own queue byte for byte, and off no other."""
    await queues.queue.put("outbound", b'{"body": "Hi \xf0\x9f\x91\x8b"}')
    await queues.queue.put("inbound", b"<&>")
    assert await queues.seen("outbound") == [b'{"body": "Hi \xf0\x9f\x91\x8b"}']
    assert await queues.seen("inbound") == [b"<&>"]


async def test_lengths_create_and_count_every_queue(queues: SeenQueues) -> None:
    """Asking for the lengths creates what is missing, and counts what is hidden too."""
    assert await queues.queue.lengths() == dict.fromkeys(NAMES, 0)
    await queues.queue.put("outbound", b"{}")
    await queues.queue.put("outbound", b"{}", timedelta(hours=1))
    assert await queues.queue.lengths() == {"outbound": 2, "outbound-bulk": 0, "inbound": 0}


async def test_the_oldest_that_can_be_seen_tells_its_time(queues: SeenQueues) -> None:
    """Each queue tells when its first visible message was put; an empty one tells nothing."""
    before = datetime.now(UTC) - timedelta(minutes=1)
    await queues.queue.put("outbound", b"1")
    await queues.queue.put("inbound", b"later", timedelta(hours=1))
    oldest = await queues.queue.oldest()
    assert set(oldest) == set(NAMES)
    assert oldest["outbound"] is not None
    assert before < oldest["outbound"] < before + timedelta(minutes=2)
    assert oldest["inbound"] is oldest["outbound-bulk"] is None


@pytest.mark.parametrize("delay", [timedelta(hours=1), MAX_DELAY, timedelta(days=365)])
async def test_a_delayed_message_is_hidden(queues: SeenQueues, delay: timedelta) -> None:
    """A message with a delay is on the queue and not to be seen, however long the delay."""
    await queues.queue.put("outbound", b"{}", delay)
    assert (await queues.queue.lengths())["outbound"] == 1
    assert await queues.seen("outbound") == []


async def test_a_delay_that_is_over_is_none(queues: SeenQueues) -> None:
    """A message for a time that has passed is there at once."""
    await queues.queue.put("outbound", b"{}", timedelta(seconds=-5))
    assert await queues.seen("outbound") == [b"{}"]


async def test_the_longest_job_fits(queues: SeenQueues) -> None:
    """A message of MAX_JOB_BYTES is taken."""
    await queues.queue.put("outbound", b"x" * MAX_JOB_BYTES)
    assert await queues.seen("outbound") == [b"x" * MAX_JOB_BYTES]


def test_a_delay_is_cut_in_memory_as_in_storage() -> None:
    """The longest delay is shorter than the seven days that the service allows."""
    assert timedelta(days=6) < MAX_DELAY < timedelta(days=7)


async def test_a_message_never_expires_and_is_base64(storage: str) -> None:
    """What is put on storage has no end of life, and is text that any client can read."""
    queue = open_queues(settings(MESSAGE_STORAGE=storage), nobody)
    await queue.put("outbound", b'{"to": "+1"}')
    async with QueueClient.from_connection_string(storage, "outbound") as client:
        message = await client.receive_message()
        assert message is not None
        assert message.expires_on is not None
        assert message.expires_on.year == 9999
        assert decode_queue_message(message.content.encode()) == {"to": "+1"}
        await client.delete_message(message)
    await queue.close()


async def steps_with(queues: Queues) -> set[str]:
    """What each step says of queues that do not answer."""
    said = set()
    for step in (queues.put("outbound", b""), queues.lengths(), queues.oldest()):
        with pytest.raises(StorageUnavailableError) as error:
            await step
        said.add(str(error.value))
    return said


async def test_queues_that_are_away_are_one_error() -> None:
    """Every step raises StorageUnavailableError where nobody listens, and names no secret."""
    storage = closed()

    def open_queue(name: str) -> QueueClient:
        return QueueClient.from_connection_string(storage, name, retry_total=0)

    queue = AzureQueues(open_queue)
    assert await steps_with(queue) == {"queue: ServiceRequestError"}
    await queue.close()


async def test_an_outage_is_noticed_within_six_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """All waits between the repeats of one put come to less than accepting may take."""
    waits: list[float] = []

    async def sleep(_: object, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(AioHttpTransport, "sleep", sleep)
    queues = open_queues(settings(MESSAGE_STORAGE=closed()), nobody)
    with pytest.raises(StorageUnavailableError):
        await queues.put("outbound", b"")
    await queues.close()
    assert 0 < len(waits) <= 2
    assert sum(waits) < 3


async def test_queues_that_are_silent_are_one_error() -> None:
    """Every step gives up after its patience where nobody answers."""
    with silent() as storage:

        def open_queue(name: str) -> QueueClient:
            return QueueClient.from_connection_string(storage, name)

        queue = AzureQueues(open_queue, patience=0.05)
        assert await steps_with(queue) == {"queue: TimeoutError"}
        await queue.close()


async def test_a_managed_identity_opens_the_queues_where_no_connection_string_does() -> None:
    """Without a connection string the queue service is asked, as the app's identity."""
    with pytest.raises(TokenAskedError, match=r"https://storage\.azure\.com/\.default"):
        await open_queues(settings(**BY_IDENTITY), Identity).put("outbound", b"{}")


async def test_a_shared_access_signature_puts_too(storage: str) -> None:
    """A connection string with a signature in place of a key opens the queues."""
    parts = dict(part.split("=", 1) for part in storage.rstrip(";").split(";"))
    signature = generate_account_sas(
        parts["AccountName"],
        parts["AccountKey"],
        ResourceTypes(service=True, container=True, object=True),
        AccountSasPermissions(add=True, create=True, read=True, write=True, process=True),
        datetime.now(UTC) + timedelta(hours=1),
        services=Services(queue=True),
    )
    by_signature = (
        f"QueueEndpoint={parts['QueueEndpoint']};TableEndpoint={parts['TableEndpoint']};"
        f"SharedAccessSignature={signature}"
    )
    queues = open_queues(settings(MESSAGE_STORAGE=by_signature), nobody)
    await queues.put("outbound", b"{}", timedelta(hours=1))
    assert (await queues.lengths())["outbound"] == 1
    await queues.close()
    async with QueueServiceClient.from_connection_string(storage) as service:
        await without_queues(service)


@pytest.mark.parametrize(
    ("status", "said"), [(403, "ClientAuthenticationError"), (400, "HttpResponseError")]
)
async def test_a_put_that_is_refused_is_one_error(status: int, said: str) -> None:
    """What the service says of it is in nobody's way: it names the kind of error."""
    service = Refusing(status, "AuthorizationFailure")
    async with service.running() as url:
        storage = f"TableEndpoint={url};QueueEndpoint={url};SharedAccessSignature=sv=1&sig=a%2Bb"
        queues = open_queues(settings(MESSAGE_STORAGE=storage), nobody)
        with pytest.raises(StorageUnavailableError, match=f"^queue: {said}$"):
            await queues.put("outbound", b"{}")
        await queues.close()
    (request,) = service.requests
    assert request.query["sig"] == "a+b"
    assert "Authorization" not in request.headers


async def test_a_put_is_signed_as_the_library_signs() -> None:
    """With an account's key, to the letter: Azurite may take what Azure does not."""
    service = Refusing(403, "AuthorizationFailure")
    async with service.running() as url:
        storage = f"AccountName=account;AccountKey={KEY};QueueEndpoint={url};TableEndpoint={url}"
        queues = open_queues(settings(MESSAGE_STORAGE=storage), nobody)
        with pytest.raises(StorageUnavailableError):
            await queues.put("outbound", b"{}", timedelta(hours=1))
        await queues.close()
        client = QueueClient.from_connection_string(storage, "outbound")
    (request,) = service.requests
    signed = ("Content-Length", "Content-Type", "x-ms-date", "x-ms-version")
    again = HttpRequest(
        request.method, str(request.url), headers={name: request.headers[name] for name in signed}
    )
    client.credential.on_request(PipelineRequest(again, PipelineContext(AioHttpTransport())))
    assert request.headers["Authorization"] == again.headers["Authorization"]
    await client.close()


async def test_a_put_whose_answer_is_lost_is_made_again(storage: str) -> None:
    """A connection that breaks is no outage; the second message does no harm."""
    async with QueueServiceClient.from_connection_string(storage) as service:
        await service.create_queue("outbound")
        port = URL(service.url).port
        proxy = StorageProxy(f"http://{HOST}:{port}", UnluckyOnce(), "lost")
        async with proxy.running():
            queues = open_queues(
                settings(MESSAGE_STORAGE=connection_string(proxy.port, proxy.port)), nobody
            )
            await queues.put("outbound", b"{}")
            await queues.close()
        seen = service.get_queue_client("outbound").receive_messages()
        assert [base64.b64decode(each.content) async for each in seen] == [b"{}", b"{}"]
        await without_queues(service)


async def test_poison_is_taken_and_deleted(storage: str) -> None:
    """What is on a poison queue is read as it is, hidden for a while, and deleted once."""
    queues = open_queues(settings(MESSAGE_STORAGE=storage), nobody)
    assert await queues.take_poison() == []
    async with QueueServiceClient.from_connection_string(storage) as service:
        for lane, poison in POISON_OF_LANE.items():
            await service.get_queue_client(poison).send_message(f"hello {lane}")
        taken = await queues.take_poison()
        assert {(each.queue, each.body) for each in taken} == {
            ("outbound-poison", b"hello now"), ("outbound-bulk-poison", b"hello bulk")}  # fmt: skip
        assert await queues.take_poison() == []
        for message in [*taken, *taken]:
            await queues.delete_poison(message)
        for poison in POISON_OF_LANE.values():
            await service.delete_queue(poison)
    await queues.close()
