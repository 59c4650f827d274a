"""`accept`: how long a caller waits for the 202, against the two storage calls it takes."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Final

import aiohttp
import msgspec

import function_app
from dev.bench.app import INVOCATION, request, use_services
from dev.bench.environment import BODY, TO, Environment, open_environment
from dev.bench.figures import Aim, Comparison, Result
from dev.bench.runs import Size, with_progress
from dev.bench.storage_calls import StorageCalls, open_storage_calls
from dev.local_settings import FUNCTION_KEY

REQUESTS: Final = 300
ACCEPTED: Final = 202
ROUTE: Final = "/api/messages"
# Later than any run, so that nothing is delivered while accepting is measured.
LATER: Final = datetime.now(UTC) + timedelta(days=1)
BODY_JSON: Final = msgspec.json.encode({"to": TO, "body": BODY, "send_at": LATER})
MILLISECONDS: Final = 1000
HOW: Final = (
    "One request after the other, each alternating with its baseline: one `create_entity` and one "
    "`send_message` of the same length, side by side, with clients as the app opens them. The "
    "function checks the request, numbers and all, and waits for the same two calls. Through the "
    "local host there are also its own HTTP, the key, and a second process."
)

Step = Callable[[], Awaitable[object]]


async def accept(size: Size) -> Result:
    """Run the benchmark."""
    with open_environment() as env:
        async with env.worker() as services, open_storage_calls(env.storage) as calls:
            with use_services(services):
                in_process = await _latencies("accept, in process", size, calls, accept_in_process)
            through_host = await _through_host(size, env, calls)
    return Result(
        name="accept",
        measures="POST /api/messages, one caller",
        how=HOW,
        comparisons=[
            *_compare("the function", in_process, Aim("≤", 1.15)),
            *_compare("through the local host", through_host, None),
        ],
    )


async def accept_in_process() -> None:
    """Call the function once."""
    reply = await function_app.accept_message(request(ROUTE, BODY_JSON), INVOCATION)
    if reply.status_code != ACCEPTED:
        raise RuntimeError(reply.get_body().decode())


async def _through_host(
    size: Size, env: Environment, calls: StorageCalls
) -> list[list[tuple[float, float]]]:
    headers = {"x-functions-key": FUNCTION_KEY, "Content-Type": "application/json"}
    with env.host() as address:
        async with aiohttp.ClientSession(address, headers=headers) as session:

            async def by_http() -> None:
                async with session.post(ROUTE, data=BODY_JSON) as reply:
                    await reply.read()
                    if reply.status != ACCEPTED:
                        raise RuntimeError(await reply.text())

            return await _latencies("accept, through the host", size, calls, by_http)


async def _latencies(
    label: str, size: Size, calls: StorageCalls, candidate: Step
) -> list[list[tuple[float, float]]]:
    """Return rounds of pairs of times in ms, baseline and candidate, request by request."""
    rounds = []
    for number in with_progress(range(size.rounds + 1), label):
        pairs = [
            (await _time(calls.both), await _time(candidate)) for _ in range(size.of(REQUESTS, 4))
        ]
        if number:  # the first warms up
            rounds.append(pairs)
    return rounds


async def _time(step: Step) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * MILLISECONDS


def _compare(
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
