"""Idempotency keys on everything that is posted: one answer, one send, one meaning."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from shared.accept.idempotency import MAX_KEY_LENGTH, key_name, run_once
from shared.app import App
from shared.errors import OverError
from shared.kinds import Kind
from shared.ledger.ledger import Ledger
from shared.storage.memory_table import MemoryTable
from tests.clock import NOON
from tests.deliver.asking import accept_batch, retry, retry_batch
from tests.deliver.seams import HoldAt, KillAt, KilledError, Recorder
from tests.deliver.world import TO, World, fields_of, numbers
from tests.in_memory_app import Reply

Post = Callable[[App, str], Awaitable[Reply]]
KEY = "a-key"


class Route(NamedTuple):
    """A POST that can be made in a world: `same`, and `other`, a request that is not the same.

    `sends` is how often Twilio has been asked in the end, what came before included.
    """

    world: World
    same: Post
    other: Post
    sends: int


def _post(world: World, kind: Kind, fields: dict[str, Any]) -> Post:
    async def post(worker: App, key: str) -> Reply:
        reply = await world.accept(worker, kind, fields, key)
        return Reply(reply.status_code, reply.headers, reply.get_body())

    return post


def _batch(fields: dict[str, Any]) -> Post:
    return lambda worker, key: accept_batch(worker, fields, key)


def _retry(entry: str, kind: Kind) -> Post:
    return lambda worker, key: retry(worker, entry, key, kind)


def _retry_batch(batch: str) -> Post:
    return lambda worker, key: retry_batch(worker, batch, key)


async def messages(kind: Kind = "message") -> Route:
    world = World()
    other = fields_of(kind, metadata={"a": "b"})
    return Route(world, _post(world, kind, fields_of(kind)), _post(world, kind, other), 1)


async def calls() -> Route:
    return await messages("call")


async def lists() -> Route:
    world = World()
    same = _post(world, "message", fields_of("message", 2))
    return Route(world, same, _post(world, "message", fields_of("message", 3)), 2)


async def batches() -> Route:
    recipients = [{"to": to} for to in numbers(2)]
    same = _batch({"body": "Hi", "recipients": recipients})
    return Route(World(), same, _batch({"body": "Ho", "recipients": recipients}), 2)


async def retries(kind: Kind = "message") -> Route:
    world = World(["refused", "refused"])
    entries = [await world.accepted(kind), await world.accepted(kind)]
    await world.until_quiet()
    return Route(world, _retry(entries[0], kind), _retry(entries[1], kind), 3)


async def retries_of_calls() -> Route:
    return await retries("call")


async def retries_of_batches() -> Route:
    world = World(["refused"] * 4)
    both = []
    for text in ("Hi", "Ho"):
        fields = {"body": text, "recipients": [{"to": to} for to in (TO, f"whatsapp:{TO}")]}
        both.append((await accept_batch(world.worker(), fields)).json["id"])
    await world.until_quiet()
    return Route(world, _retry_batch(both[0]), _retry_batch(both[1]), 6)


ROUTES = [messages, calls, lists, batches, retries, retries_of_calls, retries_of_batches]
every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)


@every_route
async def test_the_same_key_gives_the_same_answer_byte_for_byte(
    route: Callable[[], Awaitable[Route]],
) -> None:
    """At once, once it was sent, and a month later; Twilio is asked no more than without."""
    world, same, _, sends = await route()
    first = await same(world.worker(), KEY)
    assert first.status == 202
    assert (await same(world.worker(), KEY)).body == first.body
    await world.until_quiet()
    assert (await same(world.worker(), KEY)).body == first.body
    world.clock.move(days=30)
    assert (await same(world.worker(), KEY)).body == first.body
    await world.until_quiet()
    assert world.twilio.asked == sends


@every_route
async def test_the_key_of_another_request_is_422(route: Callable[[], Awaitable[Route]]) -> None:
    """The later one is refused and changes nothing, on its own route and on every other."""
    world, same, other, sends = await route()
    assert (await same(world.worker(), KEY)).status == 202
    assert (await other(world.worker(), KEY)).status == 422
    for another in (messages, calls, batches):
        post = (await another()).other
        assert (await post(world.worker(), KEY)).status == 422
    await world.until_quiet()
    assert world.twilio.asked == sends


@every_route
@pytest.mark.parametrize(
    ("key", "code"), [("", "blank"), ("  ", "blank"), ("x" * (MAX_KEY_LENGTH + 1), "too_long")]
)
async def test_a_key_that_is_none_is_400(
    route: Callable[[], Awaitable[Route]], key: str, code: str
) -> None:
    """A blank key and one of 256 characters are refused before anything happens."""
    world, same, _, _ = await route()
    before = (len(world.queue.messages), world.twilio.asked)
    reply = await same(world.worker(), key)
    assert (reply.status, reply.errors) == (400, [("Idempotency-Key", code)])
    assert (len(world.queue.messages), world.twilio.asked) == before
    assert (await same(world.worker(), "x" * MAX_KEY_LENGTH)).status == 202


@pytest.mark.slow
@every_route
async def test_a_request_that_died_is_completed_by_its_repeat(
    route: Callable[[], Awaitable[Route]],
) -> None:
    """Wherever the first one dies, the same key gives 202 in the end, and one send."""
    recorder = Recorder()
    world, same, _, _ = await route()
    await same(world.worker(recorder), KEY)
    for place in range(len(recorder.steps)):
        for delivered_between in (False, True):
            world, same, _, sends = await route()
            with suppress(KilledError):
                await same(world.worker(KillAt(place)), KEY)
            if delivered_between:
                await world.until_quiet()
            again = await same(world.worker(), KEY)
            assert (place, again.status) == (place, 202)
            assert (await same(world.worker(), KEY)).body == again.body
            await world.until_quiet()
            assert (place, world.twilio.asked) == (place, sends)


@pytest.mark.slow
@every_route
async def test_two_at_the_same_moment_are_one(route: Callable[[], Awaitable[Route]]) -> None:
    """At whichever step they meet, both get the same answer, and one is sent."""
    recorder = Recorder()
    world, same, _, _ = await route()
    await same(world.worker(recorder), KEY)
    for place in range(len(recorder.steps)):
        for delivered_between in (False, True):
            world, same, _, sends = await route()
            hold = HoldAt(place)
            first = asyncio.ensure_future(same(world.worker(hold), KEY))
            await hold.held.wait()
            second = await same(world.worker(), KEY)
            if delivered_between:
                await world.until_quiet()
            hold.let_go.set()
            assert (second.status, (await first).body) == (202, second.body)
            await world.until_quiet()
            assert (place, world.twilio.asked) == (place, sends)


async def test_a_time_that_was_valid_at_first_is_valid_at_the_repeat() -> None:
    """A message asked for again after its time has the same answer; a new one is refused."""
    world = World()
    fields = fields_of("message", send_at=(NOON + timedelta(hours=1)).isoformat())
    first = await world.accept(world.worker(), "message", fields, KEY)
    world.clock.move(hours=3)
    again = await world.accept(world.worker(), "message", fields, KEY)
    assert (again.status_code, again.get_body()) == (202, first.get_body())
    assert (await world.accept(world.worker(), "message", fields, "new")).status_code == 400


def dropped(key: str, **changes: object) -> bytes:
    return json.dumps({**fields_of("message"), "idempotency_key": key, **changes}).encode()


@pytest.mark.parametrize("by_http_first", [True, False])
async def test_a_key_means_the_same_by_http_and_on_the_queue(*, by_http_first: bool) -> None:
    """Whichever way it came first, the other one sends nothing more."""
    world = World()
    if by_http_first:
        await world.accepted(key=KEY)
    world.queue.drop(dropped(KEY))
    await world.until_quiet()
    world.queue.drop(dropped(KEY))
    await world.until_quiet()
    accepted = await world.accepted(key=KEY)
    await world.until_quiet()
    await world.check_sent_once()
    assert [entry.id for entry in await world.entries()] == [accepted]


async def test_a_key_of_another_request_is_parked_on_the_queue() -> None:
    """A later request with another meaning is kept with its text and reason, and not sent."""
    world = World()
    await world.accepted(key=KEY)
    world.queue.drop(dropped(KEY, body="Something else"))
    world.queue.drop(dropped("x" * 256))
    world.queue.drop(dropped(" "))
    await world.until_quiet()
    parked = [entry.parked for entry in await world.entries() if entry.parked]
    codes = sorted(each.code for each in parked)
    assert codes == ["idempotency_mismatch", "invalid_request", "invalid_request"]
    assert any("Something else" in (each.raw or "") for each in parked)
    assert world.twilio.recipients() == [TO]


async def test_an_error_is_not_an_answer() -> None:
    """A refused request may be repeated under its key, and is accepted once it is valid."""
    ledger = Ledger(MemoryTable())
    answers = [OverError("too late"), b"done", b"never"]

    async def answer(name: str) -> bytes:
        assert name == key_name(KEY)
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, bytes)
        return found

    with pytest.raises(OverError):
        await run_once(ledger, KEY, "what", NOON, answer)
    assert await run_once(ledger, KEY, "what", NOON, answer) == b"done"
    assert await run_once(ledger, KEY, "what", NOON, answer) == b"done"
