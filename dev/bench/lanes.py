"""`lanes`: how soon a code is at Twilio, with nothing else going on and amid a large batch."""

import asyncio
import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles
from typing import Final

import aiohttp

from dev.bench.figures import Aim, Comparison, Curve, Plot, Result, Table
from dev.bench.stage import BODY, LATENCY, Stage, number, stage
from dev.bench.turns import Size, shown
from dev.local_settings import FUNCTION_KEY

RECIPIENTS: Final = 50_000
CODES: Final = 100
BETWEEN: Final = 0.3
FIRST_CODE: Final = 70_000
ACCEPTED: Final = 202
MAY_TAKE_LONGER: Final = 1.0
LATE: Final = 0.99
MEASURES: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "median": median,
    "p90": lambda times: quantiles(times, n=10)[-1],
    "p99": lambda times: quantiles(times, n=100)[-1],
}
HOW: Final = (
    f"One worker for both lanes: the local host in a process of its own. A code is posted every "
    f"{BETWEEN:g} s; its time runs from there until it is at Twilio, whose answers take "
    f"{LATENCY * 1000:.0f} ms. First without anything else, then from the moment that a batch of "
    "50,000 recipients is accepted, for as long as it is being sent. The baseline is the usual "
    "time and a second more. In Azure each lane's function has instances of its own; here they "
    "share one process on a machine that also runs Twilio and the storage."
)


async def lanes(size: Size) -> Result:
    """Measure it."""
    recipients, codes = size.of(RECIPIENTS, 100), size.of(CODES, 4)
    with stage() as ours, ours.host() as address:
        headers = {"x-functions-key": FUNCTION_KEY}
        async with aiohttp.ClientSession(address, headers=headers) as session:
            await _codes(ours, session, 2)  # opens what is opened once
            usual = await _codes(ours, session, codes)
            amid, share = await _amid(ours, session, codes, recipients)
    figures = {name: (of(usual), of(amid)) for name, of in MEASURES.items()}
    return Result(
        name="lanes",
        measures="a code is at Twilio, alone and amid a batch of 50,000",
        how=HOW,
        comparisons=[
            Comparison(
                what=f"a code amid a batch, {name}",
                against="its usual time and a second",
                unit="s",
                pairs=[(alone + MAY_TAKE_LONGER, within)],
                aim=Aim("≤", 1),
            )
            for name, (alone, within) in figures.items()
        ],
        tables=[
            Table(
                f"Seconds until a code is at Twilio ({len(usual)} codes alone, {len(amid)} amid "
                f"{recipients:,} recipients, of whom {share:,.0f} a second were written to)",
                ["", "alone", "amid the batch", "later"],
                [
                    [name, f"{alone:.2f}", f"{within:.2f}", f"{within - alone:+.2f}"]
                    for name, (alone, within) in figures.items()
                ],
            )
        ],
        plot=Plot(
            "seconds from the request until it is at Twilio",
            "per cent of the codes",
            [_curve("alone", usual), _curve("amid the batch", amid)],
        ),
    )


def _curve(name: str, times: list[float]) -> Curve:
    ordered = sorted(times)
    parts = [100 * (place + 1) / len(ordered) for place in range(len(ordered))]
    return Curve(name, ordered, parts)


async def _codes(ours: Stage, session: aiohttp.ClientSession, count: int) -> list[float]:
    """The seconds that so many codes took, each posted after its own pause."""
    await ours.arrivals()
    posted: dict[str, float] = {}
    for place in shown(range(count), "lanes, alone"):
        await _post_code(session, number(FIRST_CODE + place), posted)
        await asyncio.sleep(BETWEEN)
    await ours.until_arrived(count)
    return [at - posted[to] for to, at in await ours.arrivals()]


async def _amid(
    ours: Stage, session: aiohttp.ClientSession, codes: int, recipients: int
) -> tuple[list[float], float]:
    """The same while a batch is being sent, and how many of it were sent a second."""
    batch = [{"to": number(place)} for place in range(recipients)]
    posted: dict[str, float] = {}
    posting: list[asyncio.Task[None]] = []
    await _post(session, "/api/batches", {"body": BODY, "recipients": batch, "receipts": False})
    for place in shown(range(codes), "lanes, amid a batch"):
        # Not waited for here: one that is slow must not spare the others what it met.
        code = _post_code(session, number(FIRST_CODE + place), posted)
        posting.append(asyncio.create_task(code))
        await asyncio.sleep(BETWEEN)
        if await ours.arrived() >= LATE * recipients:
            break
    await asyncio.gather(*posting)
    await ours.until_arrived(recipients + len(posting))
    arrivals = await ours.arrivals()
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
