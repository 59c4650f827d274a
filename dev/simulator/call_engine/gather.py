"""Gather: listen for keys and words, alone or while something is said."""

import asyncio
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.documents import Program
from dev.simulator.call_engine.interpret import NESTED, next_page, run_verbs, seconds, verb, yes
from dev.simulator.call_engine.line import Line
from dev.simulator.call_engine.person import Deed

CONFIDENCE: Final = "0.92"
KEYS = set("0123456789*#")
NO_LIMIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a Gather listens for."""

    kinds: frozenset[str]
    digits: int
    finish: str
    patience: float

    @classmethod
    def of(cls, line: Line, element: Element) -> "Wanted":
        """Read the attributes; wrong ones are warned about and left at their defaults."""
        inputs = element.get("input", "dtmf").split()
        kinds = {"digits" if word == "dtmf" else word for word in inputs} & {"digits", "speech"}
        finish = element.get("finishOnKey", "#")
        if len(finish) > 1 or not set(finish) <= KEYS:
            line.error(13310, f"Gather: invalid finishOnKey {finish!r}", warning=True)
            finish = "#"
        waiting = element.get("timeout", "5")
        patience = 5.0 if waiting == "auto" else seconds(line, element, "timeout", 5, 13313)
        digits = int(seconds(line, element, "numDigits", NO_LIMIT, 13314)) or NO_LIMIT
        return cls(frozenset(kinds or {"digits"}), digits, finish, patience)


@verb("Gather")
async def gather(line: Line, element: Element) -> Program | None:
    """Listen; input goes to the action, silence to the next verb."""
    wanted = Wanted.of(line, element)
    line.note("switchboard", "gather", " ".join(sorted(wanted.kinds)), **_asked(element))
    first = await _while_prompting(line, element, wanted)
    if first is None:
        first = await line.listen(wanted.kinds, wanted.patience)
    told = await _collect(line, wanted, first) if first else {}
    if told.get("SpeechResult"):
        _tell_partial(line, element, told["SpeechResult"])
    if told or (first is not None and wanted.finish) or yes(element, "actionOnEmptyResult"):
        return next_page(line, element, told or {"Digits": ""})
    line.note("caller", "silence")
    return None


def _asked(element: Element) -> dict[str, object]:
    names = ("numDigits", "finishOnKey", "timeout", "speechTimeout", "hints", "language", "action")
    return {name: element.get(name) for name in names if element.get(name) is not None}


async def _while_prompting(line: Line, element: Element, wanted: Wanted) -> Deed | None:
    """Say what is nested; a person who acts by hand interrupts it."""
    prompts = [child for child in element if child.tag in NESTED]
    for child in element:
        if child.tag not in NESTED:
            line.error(13320, f"Gather: invalid nested <{child.tag}>", warning=True)
    if not prompts:
        return None
    prompting = asyncio.ensure_future(run_verbs(line, prompts))
    acting = asyncio.ensure_future(line.person.acts(wanted.kinds))
    try:
        await asyncio.wait({prompting, acting}, return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            return line.heard(acting.result())
        prompting.result()
        return None
    finally:
        prompting.cancel()
        acting.cancel()


async def _collect(line: Line, wanted: Wanted, deed: Deed | None) -> dict[str, str]:
    """Put keys together until they are enough, or take the words."""
    pressed = ""
    while deed is not None:
        if deed.kind == "speech":
            return {"SpeechResult": deed.text, "Confidence": CONFIDENCE}
        for at, key in enumerate(deed.text):
            if key == wanted.finish:
                return {"Digits": pressed, "FinishedOnKey": key}
            pressed += key
            if len(pressed) == wanted.digits:
                _keep_rest(line, deed.text[at + 1 :])
                return {"Digits": pressed}
        deed = await line.listen(wanted.kinds, wanted.patience)
    return {"Digits": pressed} if pressed else {}


def _keep_rest(line: Line, keys: str) -> None:
    if keys:
        line.person.give_back(Deed("digits", keys))


def _tell_partial(line: Line, element: Element, words: str) -> None:
    url = element.get("partialResultCallback")
    if url:
        told = {"UnstableSpeechResult": words, "Stability": "0.9", "SequenceNumber": "0"}
        method = element.get("partialResultCallbackMethod", "POST")
        line.exchange.webhooks.notify(line.address(url), line.parameters() | told, method)
