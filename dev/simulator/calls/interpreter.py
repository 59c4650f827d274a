"""Run TwiML on a line: one coroutine for each verb; a document can lead to another."""

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.control_flow import HangUp
from dev.simulator.calls.line import Line
from dev.simulator.documents import (
    DocumentError,
    DocumentUrl,
    InlineTwiml,
    Source,
    parse,
    read_document,
)
from dev.simulator.webhooks.client import WebhookError

# More documents than this without an action of the person are a loop. Twilio documents no number.
MAX_DOCUMENTS: Final = 100

# The verbs that Gather and Pay may contain.
NESTED = frozenset({"Say", "Play", "Pause"})

Verb = Callable[[Line, Element], Awaitable[Source | None]]
VERBS: dict[str, Verb] = {}


def verb(tag: str) -> Callable[[Verb], Verb]:
    """Add a coroutine to the table of verbs."""

    def enter(coroutine: Verb) -> Verb:
        VERBS[tag] = coroutine
        return coroutine

    return enter


async def run(line: Line, source: Source) -> None:
    """Run a document and every one that it leads to, until the call ends."""
    try:
        await run_documents(line, source)
    except HangUp:
        return


async def run_documents(line: Line, source: Source) -> None:
    """Run a document and those that it leads to.

    Raises:
        HangUp: A verb, or an error that no fallback caught, ended the call.
    """
    following: Source | None = source
    while following is not None:
        try:
            document = await fetch(line, following)
        except (WebhookError, DocumentError) as error:
            following = await _use_fallback(line, following, error)
        else:
            following = await run_verbs(line, document)


async def fetch(line: Line, source: Source) -> Element:
    """Fetch and parse a document; its URL becomes the current one."""
    line.document_count += 1
    if line.document_count > MAX_DOCUMENTS:
        raise DocumentError(
            11215, f"{MAX_DOCUMENTS} documents in a row without an action of the caller"
        )
    if isinstance(source, InlineTwiml):
        line.document = DocumentUrl("")
        return parse(source.twiml)
    line.document = DocumentUrl(source.url, source.method)
    answer = await line.exchange.webhooks.request(
        source.url, line.parameters() | source.parameters, source.method, voice=True
    )
    document = read_document(answer)
    line.exchange.journal.add("twiml", sid=line.call.sid, url=source.url, twiml=answer.text)
    return document


async def _use_fallback(
    line: Line, failed: Source, error: WebhookError | DocumentError
) -> Source | None:
    """Return the fallback URL, once; after that, apologise and end the call."""
    line.error(error.code, str(error))
    fallback = line.options.fallback
    if fallback is not None and line.document.url != fallback.url:
        url = failed.url if isinstance(failed, DocumentUrl) else ""
        result = {"ErrorCode": str(error.code), "ErrorUrl": url}
        return DocumentUrl(fallback.url, fallback.method, result)
    answer(line)
    line.fail(error.code)
    raise HangUp


async def run_verbs(line: Line, verbs: Iterable[Element]) -> Source | None:
    """Run one verb after the other; return the document that one of them leads to, if any."""
    for element in verbs:
        coroutine = VERBS.get(element.tag)
        if coroutine is None:
            line.error(12200, f"unknown verb <{element.tag}>", warning=True)
            continue
        if element.tag != "Reject":
            answer(line)
        if (following := await coroutine(line, element)) is not None:
            return following
    return None


def answer(line: Line) -> None:
    """Answer an inbound call, as Twilio does for every verb but Reject."""
    if not line.answered:
        line.note("switchboard", "answer")
        line.set_status("in-progress")


def next_document(
    line: Line, element: Element, result: dict[str, str], name: str = "action"
) -> DocumentUrl:
    """Return the document that an attribute names, else the current one."""
    url = element.get(name)
    if url:
        return DocumentUrl(line.address(url), element.get("method", "POST"), result)
    return DocumentUrl(line.document.url, line.document.method, result)


def read_number(line: Line, element: Element, name: str, default: float, code: int) -> float:
    """Read a number attribute; for a bad value, add a warning and return the default."""
    text = element.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if value < 0 or not math.isfinite(value):
        line.error(code, f"invalid {name} {text!r} in <{element.tag}>", warning=True)
        return default
    return value


def read_flag(element: Element, name: str, default: str = "false") -> bool:
    """Whether a boolean attribute is true."""
    return element.get(name, default).lower() == "true"
