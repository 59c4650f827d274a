"""The program of docs/operate.md that puts back what stays on a poison queue."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from shared.jobs.job import Job, decode_queue_message, encode_job
from tests.infra.template import CHECKOUT
from tests.ledger.histories import JOB, accepted

PAGE: Final = (CHECKOUT / "docs" / "operate.md").read_text()
(PROGRAM,) = re.findall(r"```python\n(.*?def put_back.*?)```", PAGE, re.DOTALL)


@dataclass
class Message:
    """What the library gives for a message."""

    id: str
    content: str


@dataclass
class Queue:
    """As much of a queue as the program uses; `dies` ends it before the next deletion."""

    messages: list[Message] = field(default_factory=list)
    dies: bool = False

    def receive_messages(self, *, visibility_timeout: int) -> list[Message]:
        assert visibility_timeout > 0
        return list(self.messages)

    def send_message(self, content: str, *, time_to_live: int) -> None:
        assert time_to_live == -1
        self.messages.append(Message(str(len(self.messages)), content))

    def delete_message(self, message: Message) -> None:
        if self.dies:
            self.dies = False
            raise KeyboardInterrupt
        self.messages.remove(message)


def put_back(poison: Queue, outbound: Queue) -> None:
    """Run the program of the page as it stands, with these queues."""
    names: dict[str, Any] = {"__name__": "operate"}
    exec(PROGRAM, names)  # noqa: S102 - the page's own
    names["put_back"](poison, outbound)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("write", [str, encoded], ids=["plain", "base64"])
def test_a_request_put_back_twice_is_one_request(write: Any) -> None:  # noqa: ANN401 - a function
    """It gets a key, the same one each time, so that it is sent once."""
    poison, outbound = Queue([Message("m1", write('{"to": "+1", "body": "{}"}'))]), Queue()
    poison.dies = True
    with pytest.raises(KeyboardInterrupt):
        put_back(poison, outbound)
    put_back(poison, outbound)
    assert poison.messages == []
    requests = [decode_queue_message(each.content.encode()) for each in outbound.messages]
    assert requests == [{"idempotency_key": "put-back-m1", "to": "+1", "body": "{}"}] * 2


@pytest.mark.parametrize("write", [str, encoded], ids=["plain", "base64"])
@pytest.mark.parametrize(
    "content",
    [
        encode_job(Job(v=1, job=JOB, accepted=accepted())).decode(),
        '{"to": "+1", "idempotency_key": "mine"}',
        "{nonsense",
        "[1]",
    ],
    ids=["job", "own key", "not JSON", "no object"],
)
def test_anything_else_is_put_back_as_it_was(content: str, write: Any) -> None:  # noqa: ANN401 - a function
    """A job, a request with a key of its own, and what nobody can read keep their meaning."""
    poison, outbound = Queue([Message("m1", write(content))]), Queue()
    put_back(poison, outbound)
    (message,) = outbound.messages
    if "mine" in content:
        assert json.loads(message.content) == json.loads(content)
    else:
        assert message.content == write(content)
