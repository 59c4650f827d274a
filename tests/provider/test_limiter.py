"""The limit on requests at once: never exceeded, fair, and as high as Twilio bears."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.provider.limiter import Limiter


async def begun(limiter: Limiter, count: int) -> list[int]:
    """Begin some turns for which there is room."""
    return [await asyncio.wait_for(limiter.begin(), 1) for _ in range(count)]


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_turns_are_given_in_the_order_of_asking() -> None:
    """Who waits longest is next, and nobody overtakes."""
    limiter = Limiter(1)
    await limiter.begin()
    order: list[int] = []

    async def wait_for_turn(number: int) -> None:
        await limiter.begin()
        order.append(number)
        limiter.end()

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(wait_for_turn(number))
            await settle()
        limiter.end()
    assert order == [0, 1, 2, 3, 4]


async def test_many_push_backs_of_one_round_trip_halve_once() -> None:
    """All that was under way when the limit was halved can say nothing new; what follows can."""
    limiter = Limiter(64)
    turns = await begun(limiter, 10)
    for turn in turns:
        limiter.push_back(turn)
    assert limiter.limit == 32
    (later,) = await begun(limiter, 1)
    limiter.push_back(turns[-1])
    limiter.push_back(later)
    assert limiter.limit == 16


async def test_after_a_halving_enough_must_end_before_anybody_begins() -> None:
    """With 4 under way when the limit falls to 2, the third end lets the next one in."""
    limiter = Limiter(4)
    turns = await begun(limiter, 4)
    limiter.push_back(turns[0])
    waiting = asyncio.create_task(limiter.begin())
    for _ in range(2):
        limiter.end()
        await settle()
        assert not waiting.done()
    limiter.end()
    await asyncio.wait_for(waiting, 1)


async def test_the_limit_never_falls_below_one() -> None:
    """However often Twilio pushes back, one request at a time stays allowed."""
    limiter = Limiter(5)
    for _ in range(9):
        (turn,) = await begun(limiter, 1)
        limiter.push_back(turn)
        limiter.end()
    assert limiter.limit == 1


async def test_the_limit_grows_by_one_for_every_limit_successes_up_to_its_ceiling() -> None:
    """After a halving, 4 successes make 5, 5 more make 6, and there is no more than 8."""
    limiter = Limiter(8)
    (turn,) = await begun(limiter, 1)
    limiter.push_back(turn)
    limits = []
    for _ in range(40):
        limiter.succeeded()
        limits.append(limiter.limit)
    assert limits[:10] == [4, 4, 4, 5, 5, 5, 5, 5, 6, 6]
    assert limits[-1] == 8


async def test_growth_lets_somebody_in() -> None:
    """Room that a success makes is given to who waits, without another turn having to end."""
    limiter = Limiter(2)
    first, _ = await begun(limiter, 2)
    limiter.push_back(first)
    limiter.end()
    waiting = asyncio.create_task(limiter.begin())
    await settle()
    assert not waiting.done()
    limiter.succeeded()
    await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("given_before_cancel", [False, True])
async def test_a_wait_that_is_cancelled_takes_no_turn(*, given_before_cancel: bool) -> None:
    """Cancelling a wait loses no turn, not even one that was given at the same moment."""
    limiter = Limiter(1)
    await limiter.begin()
    waiting = asyncio.create_task(limiter.begin())
    await settle()
    if given_before_cancel:
        limiter.end()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    if not given_before_cancel:
        limiter.end()
    await asyncio.wait_for(limiter.begin(), 1)


STEPS = st.tuples(
    st.sampled_from(["ask", "succeed", "push_back", "end", "cancel", "end_and_cancel"]),
    st.integers(0, 30),
)


@settings(deadline=None)
@given(st.integers(1, 6), st.lists(STEPS, max_size=60))
def test_never_too_many_and_never_stuck(ceiling: int, steps: list[tuple[str, int]]) -> None:
    """Whatever becomes of the turns, none begins above the limit, and none waits below it."""

    async def run() -> None:
        limiter = Limiter(ceiling)
        inside: list[int] = []
        waiting: list[asyncio.Task[None]] = []

        async def ask() -> None:
            inside.append(await limiter.begin())

        for step, which in steps:
            before = len(inside)
            if step == "ask":
                waiting.append(asyncio.create_task(ask()))
            if inside and step in {"succeed", "push_back", "end", "end_and_cancel"}:
                turn = inside.pop(which % len(inside))
                if step == "succeed":
                    limiter.succeeded()
                if step == "push_back":
                    limiter.push_back(turn)
                limiter.end()
            if waiting and step in {"cancel", "end_and_cancel"}:
                waiting.pop(which % len(waiting)).cancel()
            await settle()
            waiting = [task for task in waiting if not task.done()]
            assert len(inside) <= max(limiter.limit, before)
            assert 1 <= limiter.limit <= ceiling
            assert not waiting or len(inside) >= limiter.limit
        for task in waiting:
            task.cancel()

    asyncio.run(run())


async def test_the_urgent_go_first() -> None:
    """Who is urgent waits only for others who are, however long the line of the rest is."""
    limiter = Limiter(1)
    await limiter.begin()
    order: list[str] = []

    async def wait_for_turn(name: str, *, urgent: bool) -> None:
        await limiter.begin(urgent=urgent)
        order.append(name)
        limiter.end()

    async with asyncio.TaskGroup() as group:
        for name in ("first", "second", "code", "other code"):
            group.create_task(wait_for_turn(name, urgent="code" in name))
            await settle()
        limiter.end()
    assert order == ["code", "other code", "first", "second"]
