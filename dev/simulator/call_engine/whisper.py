"""What a person hears alone before two are connected: the document of a Number or a Queue."""

import asyncio

from dev.simulator.call_engine.documents import Ask, DocumentError, Program
from dev.simulator.call_engine.interpret import fetch, run_verbs
from dev.simulator.call_engine.line import HangUp, Line
from dev.simulator.webhooks import WebhookError


async def whisper(leg: Line, page: Ask) -> bool:
    """Whether this person heard the document to its end: hanging up in it is a refusal."""
    whispering = asyncio.ensure_future(_whisper(leg, page))
    ending = asyncio.ensure_future(leg.departure.wait())
    try:
        await asyncio.wait({whispering, ending}, return_when=asyncio.FIRST_COMPLETED)
        return whispering.done() and whispering.result() and not leg.has_ended()
    finally:
        whispering.cancel()
        ending.cancel()


async def _whisper(leg: Line, program: Program | None) -> bool:
    leg.note("switchboard", "whisper")
    try:
        while program is not None:
            program = await run_verbs(leg, await fetch(leg, program))
    except HangUp:
        leg.note("switchboard", "not accepted")
        return False
    except (WebhookError, DocumentError) as error:
        leg.error(error.code, str(error))
        return False
    return True
