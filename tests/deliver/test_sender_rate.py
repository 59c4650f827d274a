"""Each sender's segments per second."""

import asyncio
import math
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.deliver.guards import Sending
from shared.deliver.sender_rate import SenderRate
from shared.jobs.events import Outcome
from shared.provider.provider import SendRequest
from tests.clock import NOON, Clock
from tests.deliver.world import World


async def ask(
    rate: SenderRate, clock: Clock, sender: str = "+1", **parameters: object
) -> Outcome | None:
    order = SendRequest(kind="message", to="+2", sender=sender, parameters=parameters)
    return await rate(Sending(request=order, job_id="job", index=0, at=clock()))


async def ask_urgently(rate: SenderRate, clock: Clock, job_id: str) -> float:
    """How many seconds an urgent text is held; 0 if it may go."""
    order = SendRequest(kind="message", to="+2", sender="+1", urgent=True)
    held = await rate(Sending(request=order, job_id=job_id, index=0, at=clock()))
    return (held.not_before - clock()).total_seconds() if held and held.not_before else 0


async def test_a_seconds_worth_goes_at_once_and_the_rest_in_whole_seconds() -> None:
    """At 3 a second, of 8 texts 3 go, 3 are held for a second and 2 for two."""
    rate, clock = SenderRate(3), Clock()
    outcomes = [await ask(rate, clock, body="Hi") for _ in range(8)]
    assert outcomes[:3] == [None] * 3
    held = [outcome for outcome in outcomes if outcome]
    assert {(each.result, each.code) for each in held} == {("retryable", "sender_rate")}
    waits = Counter(each.not_before - clock() for each in held if each.not_before)
    assert waits == {timedelta(seconds=1): 3, timedelta(seconds=2): 2}
    clock.move(seconds=1)
    assert [await ask(rate, clock, body="Hi") for _ in range(3)] == [None] * 3


async def test_segments_count_not_messages() -> None:
    """A text of three segments takes three, as does one that smart encoding leaves at one less."""
    rate, clock = SenderRate(4), Clock()
    assert await ask(rate, clock, body="a" * 400) is None
    assert await ask(rate, clock, body="“" * 160) is not None
    assert await ask(rate, clock, body="“" * 160, smart_encoded=True) is None
    assert await ask(rate, clock, media_url=["https://example.com/a.png"]) is not None


async def test_a_text_longer_than_the_rate_goes_when_nothing_else_does() -> None:
    """Three segments at one a second are sent at once, and paid for by the three seconds after."""
    rate, clock = SenderRate(1), Clock()
    assert await ask(rate, clock, body="a" * 400) is None
    clock.move(seconds=2)
    assert await ask(rate, clock, body="a") is not None
    clock.move(seconds=1)
    assert await ask(rate, clock, body="a") is None


async def test_senders_and_calls_do_not_share() -> None:
    """Another sender has its own rate, and calls have none."""
    rate, clock = SenderRate(1), Clock()
    assert await ask(rate, clock, "+1") is None
    assert await ask(rate, clock, "MG1") is None
    assert await ask(rate, clock, "+1") is not None
    call = SendRequest(kind="call", to="+2", sender="+1")
    assert await rate(Sending(request=call, job_id="job", index=0, at=clock())) is None


async def test_what_is_urgent_does_not_line_up_behind_a_batch() -> None:
    """A code takes the next place, whoever else comes for it; the batch goes on after it."""
    rate, clock = SenderRate(1), Clock()
    batch = [await ask(rate, clock) for _ in range(100)]
    assert batch[0] is None
    assert [await ask_urgently(rate, clock, code) for code in ("a", "b")] == [1, 2]
    clock.move(seconds=1)
    assert await ask(rate, clock) is not None
    assert await ask_urgently(rate, clock, "a") == 0
    assert await ask_urgently(rate, clock, "a") == 2  # its place was for one send
    clock.move(seconds=1)
    assert await ask_urgently(rate, clock, "b") == 0


async def test_a_place_that_nobody_came_for_is_forgotten() -> None:
    """Where another worker sent it, a code that comes here an hour later is a new one."""
    rate, clock = SenderRate(1), Clock()
    assert [await ask_urgently(rate, clock, code) for code in ("a", "b")] == [0, 1]
    clock.move(hours=1)
    assert [await ask_urgently(rate, clock, code) for code in ("c", "d")] == [0, 1]
    assert await ask_urgently(rate, clock, "b") == 2


@given(
    rate=st.sampled_from([0.5, 1.0, 3.0, 10.0]),
    waits=st.lists(st.sampled_from([0, 0, 0, 0.1, 0.25, 1, 3]), max_size=60),
)
def test_no_stretch_of_time_has_more_than_its_share(rate: float, waits: list[float]) -> None:
    """From any send to any later one, no more go than the rate allows and one second's worth."""

    async def run() -> None:
        guard, clock = SenderRate(rate), Clock()
        sent = []
        for wait in waits:
            clock.move(seconds=wait)
            if await ask(guard, clock) is None:
                sent.append((clock() - NOON).total_seconds())
        for first in range(len(sent)):
            for last in range(first, len(sent)):
                most = max(rate, 1) + rate * (sent[last] - sent[first])
                assert last - first + 1 <= math.floor(most + 1e-3)

    asyncio.run(run())


@pytest.mark.parametrize("per_second", ["1", "20"])
async def test_a_slow_sender_gets_to_everybody_in_time(per_second: str) -> None:
    """Forty recipients at a sender's pace: each once, in about the time it takes, none parked."""
    world = World(SEGMENTS_PER_SECOND=per_second)
    began = world.clock()
    await world.accepted(count=40)
    await world.until_quiet()
    await world.check_sent_once()
    assert 40 / int(per_second) - 1 <= (world.clock() - began).total_seconds() <= 45
    at = Counter(each.found.created_at for each in world.twilio.books)
    assert max(at.values()) <= int(per_second)


@pytest.mark.slow
async def test_a_code_passes_a_batch_of_the_same_sender() -> None:
    """Amid a batch that takes a minute and a half at its sender's pace a code goes in seconds."""
    world = World(SEGMENTS_PER_SECOND="1")
    await world.accepted(count=90, lane="bulk")
    await world.accepted(body="Your code is 12")
    await world.until_quiet()
    (code,) = [w.found for w in world.twilio.books if w.found.body == "Your code is 12"]
    assert (code.created_at - NOON).total_seconds() <= 3
    at = Counter(each.found.created_at for each in world.twilio.books)
    assert max(at.values()) == 1
