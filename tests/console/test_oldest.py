"""How long the next message of a queue has been there, of both kinds of queues."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.storage.azure_queues import open_queues
from shared.storage.memory_queues import MemoryQueues
from shared.storage.queues import Queues
from tests.environment import settings
from tests.storage_away import nobody


@pytest.fixture(params=["memory", pytest.param("storage", marks=pytest.mark.slow)])
async def queue(request: pytest.FixtureRequest) -> AsyncIterator[Queues]:
    if request.param == "memory":
        yield MemoryQueues()
        return
    in_storage = open_queues(settings(MESSAGE_STORAGE=request.getfixturevalue("storage")), nobody)
    yield in_storage
    await in_storage.close()


async def test_only_what_is_due_has_an_age(queue: Queues) -> None:
    """The first message that can be taken says since when; hidden ones and empty queues do not."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    await queue.put("inbound", b"{}")
    await queue.put("inbound", b"{}")
    await queue.put("outbound-bulk", b"{}", timedelta(hours=1))
    oldest = await queue.oldest()
    assert oldest["inbound"] is not None
    assert before <= oldest["inbound"] <= datetime.now(UTC) + timedelta(seconds=2)
    assert oldest["outbound-bulk"] is None
