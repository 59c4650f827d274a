"""Two people talk: what one says the other hears, until somebody hangs up."""

import asyncio
from collections.abc import Callable

from dev.simulator.call_engine.line import Line

TALK = frozenset({"speech", "digits"})
ENDLESS = 1_000_000.0


async def bridge(here: Line, there: Line, *, longest: float, star_ends: bool) -> None:
    """Connect two lines until the far one ends, ``*`` is pressed, or time is up.

    The near line's own end cancels this. The far person, when nobody drives that phone and its
    script is done, says goodbye after ``talks`` seconds.
    """
    here.note("switchboard", "bridged", there.call.to)
    there.note("switchboard", "bridged", here.call.sender)
    # At our own number the near person's keys and words belong to the document that runs there.
    speaker = (
        there.far_end.over.wait()
        if there.far_end is not None
        else speak_to(here, lambda: [there], star_ends=star_ends)
    )
    talking: list[asyncio.Future[object]] = [
        asyncio.ensure_future(speaker),
        asyncio.ensure_future(there.departure.wait()),
        asyncio.ensure_future(farewell(there)),
        asyncio.ensure_future(speak_to(there, lambda: [here], star_ends=False)),
    ]
    try:
        await here.exchange.clock.within(
            longest, asyncio.wait(talking, return_when=asyncio.FIRST_COMPLETED)
        )
        if talking[2].done():
            there.end(by="caller")
    except TimeoutError:
        here.note("switchboard", "time limit")
    finally:
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)


async def speak_to(line: Line, others: Callable[[], list[Line]], *, star_ends: bool) -> None:
    """Carry what this person says and presses to the others; return on ``*`` if that ends it."""
    while True:
        deed = await line.listen(TALK, ENDLESS)
        if deed is None:
            continue
        if star_ends and deed.kind == "digits" and "*" in deed.text:
            return
        for other in others():
            other.note("other", deed.kind, deed.text, sid=line.call.sid)


async def farewell(line: Line) -> None:
    """Return when this person has had enough; somebody who is driven by hand never has."""
    if line.far_end is not None:
        await line.far_end.over.wait()
        return
    if line.person.by_hand:
        await line.departure.wait()
    await line.person.finishes_script()
    await line.exchange.clock.sleep(line.person.phone.talks)
    if line.person.by_hand:  # somebody took this phone up in the meantime
        await line.departure.wait()
