"""The document that one person hears alone before two are connected."""

import asyncio

from dev.simulator.calls.control_flow import HangUp
from dev.simulator.calls.interpreter import fetch, run_verbs
from dev.simulator.calls.line import Line
from dev.simulator.documents import DocumentError, DocumentUrl, Source
from dev.simulator.webhooks.client import WebhookError


async def whisper(leg: Line, document: DocumentUrl) -> bool:
    """Run the document; return whether the person stayed to its end, which accepts the call."""
    whispering = asyncio.ensure_future(_whisper(leg, document))
    ending = asyncio.ensure_future(leg.departure.wait())
    try:
        await asyncio.wait({whispering, ending}, return_when=asyncio.FIRST_COMPLETED)
        return whispering.done() and whispering.result() and not leg.has_ended()
    finally:
        whispering.cancel()
        ending.cancel()


async def _whisper(leg: Line, source: Source | None) -> bool:
    leg.note("switchboard", "whisper")
    try:
        while source is not None:
            source = await run_verbs(leg, await fetch(leg, source))
    except HangUp:
        leg.note("switchboard", "not accepted")
        return False
    except (WebhookError, DocumentError) as error:
        leg.error(error.code, str(error))
        return False
    return True
