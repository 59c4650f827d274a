"""What somebody hears who waits: the waitUrl's document again and again, or music."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from dev.simulator.call_engine.documents import Ask, DocumentError
from dev.simulator.call_engine.interpret import fetch, run_verbs
from dev.simulator.call_engine.line import Line
from dev.simulator.webhooks import WebhookError

MUSIC: Final = "hold music"
NOTHING: Final[frozenset[str]] = frozenset()
BREATH: Final = 1.0  # seconds between two rounds, so that an empty document does not spin
PATIENCE: Final = 60.0  # seconds after which a person whom nobody drives gives up waiting


async def hold(
    line: Line, url: str | None, method: str, told: Callable[[], dict[str, str]]
) -> None:
    """Play the wait document for ever; the listener of this coroutine cancels it."""
    line.note("switchboard", "wait", url or MUSIC)
    page = line.page
    try:
        while url:
            program: object = Ask(line.address(url), method, told())
            while isinstance(program, Ask):
                program = await run_verbs(line, await fetch(line, program))
            line.page = page
            line.documents = 0  # waiting is no loop
            await line.listen(NOTHING, BREATH)
    except (WebhookError, DocumentError) as error:
        line.error(error.code, str(error), warning=True)
    finally:
        line.page = page
    while True:
        await line.listen(NOTHING, BREATH)  # a script may still let time pass or hang up


async def give_up(line: Line) -> None:
    """Hang up when the person has waited long enough; somebody driven by hand waits for ever."""
    await line.exchange.clock.sleep(PATIENCE)
    if not line.person.by_hand:
        await line.hung_up()


async def until(happens: Awaitable[object], holding: Coroutine[object, object, None]) -> None:
    """Hold until something happens; what the wait document raises comes through."""
    happening = asyncio.ensure_future(happens)
    waiting = asyncio.ensure_future(holding)
    try:
        await asyncio.wait({happening, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            waiting.result()
    finally:
        for task in (happening, waiting):
            task.cancel()
        await asyncio.gather(happening, waiting, return_exceptions=True)
