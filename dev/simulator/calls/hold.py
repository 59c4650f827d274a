"""What a waiting caller hears: the document of waitUrl, repeated, or music."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Final

from dev.simulator.calls.interpreter import fetch, run_verbs
from dev.simulator.calls.line import Line
from dev.simulator.documents import DocumentError, DocumentUrl
from dev.simulator.webhooks.client import WebhookError

MUSIC: Final = "hold music"
NOTHING: Final[frozenset[str]] = frozenset()
PAUSE_SECONDS: Final = 1.0  # between two rounds, so that an empty document does not spin
PATIENCE_SECONDS: Final = 60.0  # after which a person gives up, unless driven by hand


async def hold(
    line: Line, url: str | None, method: str, parameters: Callable[[], dict[str, str]]
) -> None:
    """Play the wait document forever, until canceled."""
    line.note("switchboard", "wait", url or MUSIC)
    document = line.document
    try:
        while url:
            source: object = DocumentUrl(line.address(url), method, parameters())
            while isinstance(source, DocumentUrl):
                source = await run_verbs(line, await fetch(line, source))
            line.document = document
            line.document_count = 0  # waiting is not a loop
            await line.listen(NOTHING, PAUSE_SECONDS)
    except (WebhookError, DocumentError) as error:
        line.error(error.code, str(error), warning=True)
    finally:
        line.document = document
    while True:
        await line.listen(NOTHING, PAUSE_SECONDS)  # a script may still let time pass or hang up


async def give_up(line: Line) -> None:
    """Hang up after `PATIENCE_SECONDS`, unless the phone is driven by hand."""
    await line.exchange.clock.sleep(PATIENCE_SECONDS)
    if not line.person.by_hand:
        await line.hang_up()


async def hold_until(happens: Awaitable[object], holding: Coroutine[object, object, None]) -> None:
    """Run `holding` until `happens`; raise what the wait document raises."""
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
