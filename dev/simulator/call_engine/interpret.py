"""Runs TwiML on a line: one coroutine a verb, documents that lead to documents."""

import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.documents import (
    Ask,
    DocumentError,
    Inline,
    Program,
    parse,
    read_document,
)
from dev.simulator.call_engine.line import HangUp, Line
from dev.simulator.webhooks import WebhookError

# So many documents in a row without a sign of the person are a loop. Twilio names no number.
MOST_DOCUMENTS: Final = 100
APOLOGY = "We're sorry. An application error has occurred. Goodbye."

# What may be heard inside Gather and Pay.
NESTED = frozenset({"Say", "Play", "Pause"})

Verb = Callable[[Line, Element], Awaitable[Program | None]]
VERBS: dict[str, Verb] = {}


def verb(tag: str) -> Callable[[Verb], Verb]:
    """Enter a coroutine in the table of verbs."""

    def enter(coroutine: Verb) -> Verb:
        VERBS[tag] = coroutine
        return coroutine

    return enter


async def run(line: Line, program: Program) -> None:
    """Run a document and every one that it leads to, until the call should end."""
    try:
        await run_documents(line, program)
    except HangUp:
        return


async def run_documents(line: Line, program: Program) -> None:
    """Run a document and what follows.

    Raises:
        HangUp: A verb, or an error that no fallback caught, ended the call.
    """
    following: Program | None = program
    while following is not None:
        try:
            document = await fetch(line, following)
        except (WebhookError, DocumentError) as error:
            following = await _rescued(line, following, error)
        else:
            following = await run_verbs(line, document)


async def fetch(line: Line, program: Program) -> Element:
    """The document that a program names; its URL becomes the current one."""
    line.documents += 1
    if line.documents > MOST_DOCUMENTS:
        raise DocumentError(
            11215, f"{MOST_DOCUMENTS} documents in a row without a sign of the caller"
        )
    if isinstance(program, Inline):
        line.page = Ask("")
        return parse(program.twiml)
    line.page = Ask(program.url, program.method)
    answer = await line.exchange.webhooks.ask(
        program.url, line.parameters() | program.parameters, program.method, voice=True
    )
    document = read_document(answer)
    line.exchange.journal.add("twiml", sid=line.call.sid, url=program.url, twiml=answer.text)
    return document


async def _rescued(
    line: Line, failed: Program, error: WebhookError | DocumentError
) -> Program | None:
    """The fallback URL, once; else the apology and the end."""
    line.error(error.code, str(error))
    fallback = line.order.fallback
    if fallback is not None and line.page.url != fallback.url:
        url = failed.url if isinstance(failed, Ask) else ""
        told = {"ErrorCode": str(error.code), "ErrorUrl": url}
        return Ask(fallback.url, fallback.method, told)
    answer(line)
    line.note("switchboard", "say", APOLOGY)
    raise HangUp


async def run_verbs(line: Line, verbs: Iterable[Element]) -> Program | None:
    """Do one verb after the other; the program that one of them leads to, if any."""
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
    """Pick up an inbound call, which Twilio does for every verb but Reject."""
    if not line.answered:
        line.note("switchboard", "answer")
        line.move("in-progress")


def next_page(line: Line, element: Element, told: dict[str, str], name: str = "action") -> Ask:
    """The document that an attribute names, else the current one again."""
    url = element.get(name)
    if url:
        return Ask(line.address(url), element.get("method", "POST"), told)
    return Ask(line.page.url, line.page.method, told)


def seconds(line: Line, element: Element, name: str, default: float, code: int) -> float:
    """A number attribute; what is no number is warned about and left at its default."""
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


def yes(element: Element, name: str, default: str = "false") -> bool:
    """Whether a boolean attribute is on."""
    return element.get(name, default).lower() == "true"
