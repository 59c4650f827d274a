"""Every route without a key takes what strangers send: no error, no trace, and a bounded effort.

Effort is counted, not timed: calls of functions and bytes of memory.
"""

import base64
import gc
import random
import sys
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from shared.provider.probe import Probed
from tests.clock import NOON
from tests.environment import ACCOUNT_SID
from tests.in_memory_app import FORM, InMemoryApp, Reply
from tests.ledger.histories import JOB
from tests.sids import sid_of
from tests.test_functions import HTTP, KEY

MEBIBYTE = 1024 * 1024
# The largest form that is looked into: Twilio's own have a few KiB.
MAX_FORM_BYTES = 256 * 1024
# A form of the largest size that is nothing but escapes, with a signature that could be one, costs
# the most: its fields are decoded to compute what the signature should be.
MAX_CALLS = 300_000
MAX_MEMORY_BYTES = 32 * MEBIBYTE
PLAUSIBLE = base64.b64encode(b"x" * 20).decode()
SIGNATURES: dict[str, dict[str, str]] = {
    "none": {},
    "empty": {"X-Twilio-Signature": ""},
    "nonsense": {"X-Twilio-Signature": "\udcff" * 50},
    "long": {"X-Twilio-Signature": "A" * 30_000},
    "plausible": {"X-Twilio-Signature": PLAUSIBLE},
}
BODIES = {
    "nothing": b"",
    "noise": random.Random(7).randbytes(MAX_FORM_BYTES),  # noqa: S311 - no secret
    "fields": b"a=b&" * (MAX_FORM_BYTES // 4),
    "one name": b"a" * MAX_FORM_BYTES,
    "escapes": b"%41%zz%" * (MAX_FORM_BYTES // 7),
    "indexes": b"".join(b"Options[%d]=x&" % number for number in range(MAX_FORM_BYTES // 18)),
    "nested": b"[" * MAX_FORM_BYTES,
    "a mebibyte": b"a=b&" * (MEBIBYTE // 4),
    "thirty-two": b"a=b&" * (8 * MEBIBYTE),
}
TYPES = {
    "form": FORM,
    "JSON": "application/json",
    "multipart": "multipart/form-data; boundary=x",
    "none": "",
}
ROUTES = [
    (method, f"/api/{route}")
    for methods, route, level in HTTP.values()
    if level not in (KEY, "admin")
    for method in methods.split()
]


@dataclass
class Effort:
    """What a request cost: calls of functions, and the most memory at once."""

    calls: int = 0
    memory: int = 0
    before: Any = field(default=None, repr=False)

    def __enter__(self) -> Self:
        def count(_frame: object, event: str, _argument: object) -> None:
            self.calls += event in ("call", "c_call")

        gc.disable()  # a collection that falls due runs the finalizers of others
        tracemalloc.start()
        tracemalloc.reset_peak()
        self.before = tracemalloc.get_traced_memory()[0]
        sys.setprofile(count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)
        self.memory = tracemalloc.get_traced_memory()[1] - self.before
        tracemalloc.stop()
        gc.enable()


def requests() -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and bodies: each signature with each type and body that strangers might think of."""
    for signature in SIGNATURES.values():
        for content_type in TYPES.values():
            for body in BODIES.values():
                yield {**signature, "Content-Type": content_type}, body


def target_of(route: str) -> str:
    return (
        route.replace("{id}", JOB).replace("{name}", "menu").replace("{file}", "x.js")
        .replace("{*path}", "messages")
        .replace("{*rest}", "x")
        .replace("{account}", ACCOUNT_SID)
        .replace("{sid}", sid_of("SM"))
    )  # fmt: skip


@pytest.fixture
def open_app(app: InMemoryApp) -> InMemoryApp:
    """The app, with a Twilio that is not asked."""

    async def answering() -> Probed:
        return Probed(NOON, answers=True)

    app.services.probe = answering  # type: ignore[assignment] # all of it that is asked for
    return app


async def send(
    app: InMemoryApp, method: str, path: str, headers: Mapping[str, str], body: bytes
) -> Reply:
    return await app.ask(method, path, body, dict(headers))


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_strangers_cost_little(open_app: InMemoryApp, method: str, route: str) -> None:
    """Whatever is sent is answered without an error of ours, cheaply, and nothing is kept."""
    path = target_of(route)
    await send(open_app, method, path, {}, b"")  # imports what it needs
    for headers, body in requests():
        with Effort() as effort:
            reply = await send(open_app, method, path, headers, body)
        assert reply.status < 500, headers
        assert effort.calls < MAX_CALLS, (headers, len(body))
        assert effort.memory < MAX_MEMORY_BYTES, (headers, len(body))
    assert await open_app.table.next_partition("") is None
    assert open_app.queues.puts == []


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_a_larger_body_costs_nothing_more(
    open_app: InMemoryApp, method: str, route: str
) -> None:
    """Without a plausible signature a body is not looked into, however large it is."""
    path = target_of(route)
    for headers in ({}, SIGNATURES["nonsense"]):
        costs = []
        for body in (b"a=b", b"a=b", BODIES["fields"], BODIES["thirty-two"]):
            with Effort() as effort:
                await send(open_app, method, path, {**headers, "Content-Type": FORM}, body)
            costs.append(effort.calls)
        assert max(costs[1:]) <= costs[1] + 20


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_strange_addresses_are_no_error(
    open_app: InMemoryApp, method: str, route: str
) -> None:
    """Ids, names and queries that nobody would think of are answered, not a bug."""
    # The host itself refuses %00 in a path.
    for strange in (
        "%0A",
        "%F0%9F%91%8B",
        "%ED%A0%80",
        "a" * 7000,
        "..%2f..",
        "{id}",
        "%25",
    ):
        path = target_of(route).replace(JOB, strange).replace("menu", strange)
        path = path.replace("x.js", strange).replace("data/messages", f"data/{strange}")
        for query in ("", "?" + "a=b&" * 1700, "?%00=%FF&=&&a[=1", f"?{strange}"):
            reply = await send(open_app, method, path + query, {}, b"")
            assert reply.status < 500, path
