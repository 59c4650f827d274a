"""The carrier keeps to its limit: how many requests Twilio sees at once, and in time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from shared.errors import ProviderUnavailableError
from shared.provider.provider import SendRequest
from shared.provider.rest_api import TwilioProvider
from tests.clock import Clock
from tests.environment import ACCOUNT_SID, NOBODY, settings
from tests.patience import PATIENCE_SECONDS

ORDER = SendRequest(
    kind="message", to="+14155552671", sender="+15005550006", parameters={"body": "Hi"}
)
MESSAGE = {"sid": "SM" + "0" * 32, "status": "queued"}


class SlowTwilio:
    """A Twilio that answers when told to, and counts who waits for it."""

    def __init__(self) -> None:
        self.changed = asyncio.Condition()
        self.waiting: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.answers: asyncio.Queue[int] = asyncio.Queue()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.waiting[request.method] += 1
        self.most[request.method] = max(self.most[request.method], self.waiting[request.method])
        async with self.changed:
            self.changed.notify_all()
        status = await self.answers.get()
        self.waiting[request.method] -= 1
        body: object = MESSAGE if request.method == "POST" else {"messages": []}
        return web.json_response(body if status < 400 else {"code": 20429}, status=status)

    def answer(self, *statuses: int) -> None:
        """Give these answers, one after the other, to whoever waits longest."""
        for status in statuses:
            self.answers.put_nowait(status)

    async def until(self, **waiting: int) -> None:
        """Wait until so many requests of each method wait for an answer."""
        async with asyncio.timeout(PATIENCE_SECONDS), self.changed:
            await self.changed.wait_for(
                lambda: all(self.waiting[method] == count for method, count in waiting.items())
            )


@pytest.fixture
async def twilio() -> AsyncIterator[SlowTwilio]:
    slow = SlowTwilio()
    app = web.Application()
    path = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    app.router.add_route("*", path, slow.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    slow.url = f"http://{host}:{port}"
    yield slow
    await runner.cleanup()


def carrier_for(url: str, clock: Clock, at_once: int) -> TwilioProvider:
    changed = settings(TWILIO_API_BASE_URL=url, TWILIO_MAX_CONCURRENCY=str(at_once))
    return TwilioProvider(changed, now=clock)


async def test_no_more_than_the_ceiling_at_once(twilio: SlowTwilio) -> None:
    """Of five orders under a ceiling of two, two are at Twilio, and all come through in the end."""
    provider = carrier_for(twilio.url, Clock(), 2)
    orders = [asyncio.create_task(provider.create(ORDER)) for _ in range(5)]
    await twilio.until(POST=2)
    twilio.answer(*[201] * 5)
    assert [(await order).result for order in orders] == ["sent"] * 5
    assert twilio.most["POST"] == 2
    await provider.close()


async def test_too_many_requests_halve_the_limit(twilio: SlowTwilio) -> None:
    """After a 429 half as many requests are made at once, whoever it was that was too many."""
    provider = carrier_for(twilio.url, Clock(), 4)
    first = asyncio.create_task(provider.create(ORDER))
    twilio.answer(429)
    assert (await first).code == "20429"
    twilio.most.clear()
    orders = [asyncio.create_task(provider.create(ORDER)) for _ in range(4)]
    await twilio.until(POST=2)
    twilio.answer(503, 201, 201, 201)
    outcomes = Counter([(await order).result for order in orders])
    assert (outcomes, twilio.most["POST"]) == ({"unknown": 1, "sent": 3}, 2)
    await provider.close()


async def test_a_request_whose_turn_does_not_come_in_time_is_not_begun(twilio: SlowTwilio) -> None:
    """Where the one place is taken until after `begin_before`, Twilio is not asked."""
    clock = Clock()
    provider = carrier_for(twilio.url, clock, 1)
    first = asyncio.create_task(provider.create(ORDER))
    await twilio.until(POST=1)
    late = await provider.create(replace(ORDER, begin_before=clock() + timedelta(seconds=0.01)))
    assert (late.result, late.code) == ("retryable", "not_begun")
    twilio.answer(201)
    await first
    await provider.close()


async def test_questions_leave_room_for_orders(twilio: SlowTwilio) -> None:
    """However many questions are asked, a quarter of the ceiling is all that they take."""
    clock = Clock()
    provider = carrier_for(twilio.url, clock, 4)
    questions = [asyncio.create_task(provider.search(ORDER, clock())) for _ in range(9)]
    await twilio.until(GET=1)
    orders = [asyncio.create_task(provider.create(ORDER)) for _ in range(3)]
    await twilio.until(POST=3)
    twilio.answer(*[200] * 12)
    assert await asyncio.gather(*questions) == [[]] * 9
    assert [(await order).result for order in orders] == ["sent"] * 3
    assert twilio.most == {"GET": 1, "POST": 3}
    await provider.close()


async def test_an_order_whose_turn_comes_too_late_is_not_made(twilio: SlowTwilio) -> None:
    """What waited for its turn beyond `begin_before` is certainly not sent, and takes no turn."""
    clock = Clock()
    provider = carrier_for(twilio.url, clock, 1)
    due = SendRequest(kind="message", to=ORDER.to, sender=ORDER.sender, parameters=ORDER.parameters,
                begin_before=clock() + timedelta(seconds=10))  # fmt: skip
    orders = [asyncio.create_task(provider.create(due)) for _ in range(2)]
    await twilio.until(POST=1)
    clock.move(seconds=11)
    twilio.answer(201)
    results = [await order for order in orders]
    assert [(r.result, r.code) for r in results] == [("sent", None), ("retryable", "not_begun")]
    last = asyncio.create_task(provider.create(ORDER))
    twilio.answer(201)
    assert (await last).result == "sent"
    assert twilio.most["POST"] == 1
    await provider.close()


async def test_without_a_clock_the_carrier_has_the_worlds() -> None:
    """By itself the carrier compares `begin_before` with the real time."""
    provider = TwilioProvider(settings(TWILIO_API_BASE_URL=NOBODY))
    long_ago = Clock()() - timedelta(days=9999)
    late = SendRequest(kind="call", to=ORDER.to, sender=ORDER.sender, begin_before=long_ago)
    assert (await provider.create(late)).code == "not_begun"
    with pytest.raises(ProviderUnavailableError):
        await provider.fetch("call", "CA" + "0" * 32)
    await provider.close()
