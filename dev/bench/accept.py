"""`accept`: how long a caller waits for the 202, beside the two storage calls that it takes."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Final

import aiohttp
import msgspec

import function_app
from dev.bench.app import INVOCATION, app_with, request
from dev.bench.bare import Bare, bare
from dev.bench.figures import Aim, Comparison, Result
from dev.bench.stage import BODY, TO, Stage, stage
from dev.bench.turns import Size, shown
from dev.local_settings import FUNCTION_KEY

REQUESTS: Final = 300
ACCEPTED: Final = 202
ROUTE: Final = "/api/messages"
# Later than any run: nothing is to be delivered while accepting is measured.
LATER: Final = datetime.now(UTC) + timedelta(days=1)
ASKED: Final = msgspec.json.encode({"to": TO, "body": BODY, "send_at": LATER})
MILLISECONDS: Final = 1000
HOW: Final = (
    "One request after the other, each in turn with its baseline: one `create_entity` and one "
    "`send_message` of the same length, side by side, with clients as the app opens them. The "
    "function checks the request, numbers and all, and waits for the same two calls. Through the "
    "local host there are also its own HTTP, the key, and a second process."
)

Step = Callable[[], Awaitable[object]]


async def accept(size: Size) -> Result:
    """Measure it."""
    with stage() as ours:
        async with ours.worker() as services, bare(ours.storage) as calls:
            with app_with(services):
                within = await _latencies("accept, in process", size, calls, in_process)
            through = await _through_host(size, ours, calls)
    return Result(
        name="accept",
        measures="POST /api/messages, one caller",
        how=HOW,
        comparisons=[
            *_compared("the function", within, Aim("≤", 1.25)),
            *_compared("through the local host", through, None),
        ],
    )


async def in_process() -> None:
    """Ask the function."""
    reply = await function_app.accept_message(request(ROUTE, ASKED), INVOCATION)
    if reply.status_code != ACCEPTED:
        raise RuntimeError(reply.get_body().decode())


async def _through_host(size: Size, ours: Stage, calls: Bare) -> list[list[tuple[float, float]]]:
    headers = {"x-functions-key": FUNCTION_KEY, "Content-Type": "application/json"}
    with ours.host() as address:
        async with aiohttp.ClientSession(address, headers=headers) as session:

            async def by_http() -> None:
                async with session.post(ROUTE, data=ASKED) as reply:
                    await reply.read()
                    if reply.status != ACCEPTED:
                        raise RuntimeError(await reply.text())

            return await _latencies("accept, through the host", size, calls, by_http)


async def _latencies(
    words: str, size: Size, calls: Bare, candidate: Step
) -> list[list[tuple[float, float]]]:
    """Rounds of pairs of times in ms, baseline and candidate, request by request."""
    rounds = []
    for number in shown(range(size.rounds + 1), words):
        pairs = [
            (await _timed(calls.both), await _timed(candidate)) for _ in range(size.of(REQUESTS, 4))
        ]
        if number:  # the first warms up
            rounds.append(pairs)
    return rounds


async def _timed(step: Step) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * MILLISECONDS


def _compared(
    what: str, rounds: list[list[tuple[float, float]]], aim: Aim | None
) -> list[Comparison]:
    measures: list[tuple[str, Callable[[list[float]], float]]] = [
        ("p50", median),
        ("p99", lambda times: quantiles(times, n=100)[-1]),
    ]
    return [
        Comparison(
            what=f"{what}, {name}",
            against="the two storage calls, side by side",
            unit="ms",
            pairs=[
                (of([first for first, _ in pairs]), of([second for _, second in pairs]))
                for pairs in rounds
            ],
            aim=aim,
        )
        for name, of in measures
    ]
