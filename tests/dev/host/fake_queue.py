"""A storage queue in memory with failures to order, behind the methods that the host uses."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

DAYS_7 = 7 * 24 * 3600


def answer(status: int) -> HttpResponseError:
    """Storage's answer with an error's status."""
    kind = ResourceNotFoundError if status == 404 else HttpResponseError
    error = kind(f"storage answered {status}")
    error.status_code = status
    return error


@dataclass
class FakeQueue:
    """`failures` are raised by the method of that name, one a call; `calls` lists every request."""

    queue_name: str = "q"
    exists: bool = True
    messages: list[QueueMessage] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    receipts: Any = field(default_factory=itertools.count)

    @property
    def client(self) -> QueueClient:
        """The queue as the host takes it."""
        return cast("QueueClient", self)

    def put(self, content: str = "x", dequeue_count: int = 1, name: str = "1") -> QueueMessage:
        """Put a message that the next receive gives, with this count."""
        message = QueueMessage(content=content)
        message.id = name
        message.dequeue_count = dequeue_count
        message.pop_receipt = f"receipt-{next(self.receipts)}"
        self.messages.append(message)
        return message

    def _called(self, name: str) -> None:
        self.calls.append(name)
        failures = self.failures.get(name)
        if failures:
            raise failures.pop(0)
        if not self.exists and name != "create":
            raise answer(404)

    def receive_messages(self, *, messages_per_page: int, visibility_timeout: int) -> Any:  # noqa: ANN401 - the library's pages
        del visibility_timeout

        async def pages() -> AsyncIterator[AsyncIterator[QueueMessage]]:
            self._called("receive")
            taken = self.messages[:messages_per_page]
            del self.messages[:messages_per_page]
            if taken:
                yield items(taken)

        async def items(taken: list[QueueMessage]) -> AsyncIterator[QueueMessage]:
            for message in taken:
                yield message

        return SimpleNamespace(by_page=pages)

    async def update_message(self, message: QueueMessage, *, visibility_timeout: int) -> Any:  # noqa: ANN401 - the same
        self._called(f"hide {message.id} {visibility_timeout}")
        return SimpleNamespace(pop_receipt=f"receipt-{next(self.receipts)}")

    async def delete_message(self, message: QueueMessage) -> None:
        self._called(f"delete {message.id} {message.pop_receipt}")

    async def send_message(self, content: str, *, time_to_live: int) -> None:
        self._called("send")
        self.sent.append((content, time_to_live))

    async def get_queue_properties(self) -> None:
        self._called("look")

    async def create_queue(self) -> None:
        self._called("create")
        self.exists = True

    async def close(self) -> None:
        self.calls.append("close")
