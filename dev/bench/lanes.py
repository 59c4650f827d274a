"""`lanes`: how soon a code is at Twilio, alone and during a large batch."""

import asyncio
import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import Final

import aiohttp

from dev.bench.environment import BODY, LATENCY, Environment, number, open_environment
from dev.bench.figures import Aim, Comparison, Curve, Plot, Result, Table
from dev.bench.runs import Size, with_progress
from dev.local_settings import FUNCTION_KEY

RECIPIENTS: Final = 50_000
CODES: Final = 100
PAUSE_SECONDS: Final = 0.3
FIRST_CODE: Final = 70_000
ACCEPTED: Final = 202
MAX_DELAY_SECONDS: Final = 1.0
NEARLY_ALL: Final = 0.99
MEASURES: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "median": median,
    "p90": lambda times: quantiles(times, n=10)[-1],
    "p99": lambda times: quantiles(times, n=100)[-1],
}
HOW: Final = (
    f"One worker for both lanes: the local host in a process of its own. A code is posted every "
    f"{PAUSE_SECONDS:g} s; its time runs from there until it is at Twilio, whose answers take "
    f"{LATENCY * 1000:.0f} ms. First without anything else, then from the moment that a batch of "
    "50,000 recipients is accepted, for as long as it is being sent. The baseline is the usual "
    "time and a second more. In Azure each lane's function has instances of its own; here they "
    "share one process on a machine that also runs Twilio and the storage."
)


async def lanes(size: Size) -> Result:
    """Run the benchmark."""
    recipients, codes = size.of(RECIPIENTS, 100), size.of(CODES, 4)
    with open_environment() as env, env.host() as address:
        headers = {"x-functions-key": FUNCTION_KEY}
        async with aiohttp.ClientSession(address, headers=headers) as session:
            await _codes(env, session, 2)  # opens the connections
            usual = await _codes(env, session, codes)
            during, share = await _codes_during_batch(env, session, codes, recipients)
    figures = {name: (measure(usual), measure(during)) for name, measure in MEASURES.items()}
    return Result(
        name="lanes",
        measures="a code is at Twilio, alone and during a batch of 50,000",
        how=HOW,
        comparisons=[
            Comparison(
                what=f"a code during a batch, {name}",
                against="its usual time and a second",
                unit="s",
                pairs=[(alone + MAX_DELAY_SECONDS, within)],
                aim=Aim("≤", 1),
            )
            for name, (alone, within) in figures.items()
        ],
        tables=[
            Table(
                f"Seconds until a code is at Twilio ({len(usual)} alone, {len(during)} during "
                f"a batch of {recipients:,}, of which {share:,.0f} a second were sent)",
                ["", "alone", "during the batch", "later"],
                [
                    [name, f"{alone:.2f}", f"{within:.2f}", f"{within - alone:+.2f}"]
                    for name, (alone, within) in figures.items()
                ],
            )
        ],
        plot=Plot(
            "seconds from the request until it is at Twilio",
            "per cent of the codes",
            [_curve("alone", usual), _curve("during the batch", during)],
        ),
    )


def _curve(name: str, times: list[float]) -> Curve:
    ordered = sorted(times)
    parts = [100 * (place + 1) / len(ordered) for place in range(len(ordered))]
    return Curve(name, ordered, parts)


async def _codes(env: Environment, session: aiohttp.ClientSession, count: int) -> list[float]:
    """Return the seconds that so many codes took, each posted after a pause."""
    await env.arrivals()
    posted: dict[str, float] = {}
    for place in with_progress(range(count), "lanes, alone"):
        await _post_code(session, number(FIRST_CODE + place), posted)
        await asyncio.sleep(PAUSE_SECONDS)
    await env.until_arrived(count)
    return [at - posted[to] for to, at in await env.arrivals()]


async def _codes_during_batch(
    env: Environment, session: aiohttp.ClientSession, codes: int, recipients: int
) -> tuple[list[float], float]:
    """Return the same during a batch, and how much of the batch was sent a second."""
    batch = [{"to": number(place)} for place in range(recipients)]
    posted: dict[str, float] = {}
    posting: list[asyncio.Task[None]] = []
    await _post(session, "/api/batches", {"body": BODY, "recipients": batch, "receipts": False})
    for place in with_progress(range(codes), "lanes, during a batch"):
        # Not awaited here: a slow one must not delay those after it.
        code = _post_code(session, number(FIRST_CODE + place), posted)
        posting.append(asyncio.create_task(code))
        await asyncio.sleep(PAUSE_SECONDS)
        # The spread of times needs two.
        if len(posting) > 1 and await env.arrived() >= NEARLY_ALL * recipients:
            break
    await asyncio.gather(*posting)
    await env.until_arrived(recipients + len(posting))
    arrivals = await env.arrivals()
    sent = sorted(at for to, at in arrivals if to not in posted)
    share = len(sent) / max(sent[-1] - sent[0], 0.001)
    return [at - posted[to] for to, at in arrivals if to in posted], share


async def _post_code(session: aiohttp.ClientSession, to: str, posted: dict[str, float]) -> None:
    posted[to] = time.time()
    await _post(session, "/api/messages", {"to": to, "body": BODY})


async def _post(session: aiohttp.ClientSession, path: str, fields: object) -> None:
    async with session.post(path, json=fields) as reply:
        if reply.status != ACCEPTED:
            raise RuntimeError(await reply.text())
