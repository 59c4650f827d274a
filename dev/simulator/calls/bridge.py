"""Connect two people, who hear each other until somebody hangs up."""

import asyncio
from collections.abc import Callable

from dev.simulator.calls.line import Line

TALK = frozenset({"speech", "digits"})
NO_LIMIT = 1_000_000.0


async def bridge(here: Line, there: Line, *, longest: float, star_ends: bool) -> None:
    """Connect two lines until `there` ends, ``*`` is pressed, or `longest` seconds are over.

    The end of `here` cancels this coroutine. The person at `there` hangs up ``talks`` seconds after
    the end of the script, unless somebody drives that phone by hand.
    """
    here.note("switchboard", "bridged", there.call.to)
    there.note("switchboard", "bridged", here.call.sender)
    # At our own number, keys and speech go to the document that runs there.
    speaker = (
        there.peer.over.wait()
        if there.peer is not None
        else speak_to(here, lambda: [there], star_ends=star_ends)
    )
    talking: list[asyncio.Future[object]] = [
        asyncio.ensure_future(speaker),
        asyncio.ensure_future(there.departure.wait()),
        asyncio.ensure_future(wait_for_goodbye(there)),
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
    """Pass what this person says and presses to the others; return on ``*`` if that ends it."""
    while True:
        action = await line.listen(TALK, NO_LIMIT)
        if action is None:
            continue
        if star_ends and action.kind == "digits" and "*" in action.text:
            return
        for other in others():
            other.note("other", action.kind, action.text, sid=line.call.sid)


async def wait_for_goodbye(line: Line) -> None:
    """Return when this person ends the conversation; never for a phone driven by hand."""
    if line.peer is not None:
        await line.peer.over.wait()
        return
    if line.person.by_hand:
        await line.departure.wait()
    await line.person.wait_for_script_end()
    await line.exchange.clock.sleep(line.person.phone.talks)
    if line.person.by_hand:  # since the script ended
        await line.departure.wait()
