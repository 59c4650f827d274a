"""Gather: listen for keys and speech, also while something is said."""

import asyncio
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.interpreter import (
    NESTED,
    next_document,
    read_flag,
    read_number,
    run_verbs,
    verb,
)
from dev.simulator.calls.line import Line
from dev.simulator.calls.person import Action
from dev.simulator.documents import Source

CONFIDENCE: Final = "0.92"
KEYS = set("0123456789*#")
NO_LIMIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class GatherOptions:
    """What a Gather listens for."""

    kinds: frozenset[str]
    digits: int
    finish: str
    timeout: float

    @classmethod
    def from_element(cls, line: Line, element: Element) -> "GatherOptions":
        """Read the attributes; for a bad one, add a warning and use its default."""
        inputs = element.get("input", "dtmf").split()
        kinds = {"digits" if word == "dtmf" else word for word in inputs} & {"digits", "speech"}
        finish = element.get("finishOnKey", "#")
        if len(finish) > 1 or not set(finish) <= KEYS:
            line.error(13310, f"Gather: invalid finishOnKey {finish!r}", warning=True)
            finish = "#"
        waiting = element.get("timeout", "5")
        timeout = 5.0 if waiting == "auto" else read_number(line, element, "timeout", 5, 13313)
        digits = int(read_number(line, element, "numDigits", NO_LIMIT, 13314)) or NO_LIMIT
        return cls(frozenset(kinds or {"digits"}), digits, finish, timeout)


@verb("Gather")
async def gather(line: Line, element: Element) -> Source | None:
    """Listen. Input goes to the action; silence goes on with the next verb."""
    options = GatherOptions.from_element(line, element)
    line.note(
        "switchboard", "gather", " ".join(sorted(options.kinds)), **_shown_attributes(element)
    )
    first = await _while_prompting(line, element, options)
    if first is None:
        first = await line.listen(options.kinds, options.timeout)
    result = await _collect(line, options, first) if first else {}
    if result.get("SpeechResult"):
        _report_partial(line, element, result["SpeechResult"])
    if (
        result
        or (first is not None and options.finish)
        or read_flag(element, "actionOnEmptyResult")
    ):
        return next_document(line, element, result or {"Digits": ""})
    line.note("caller", "silence")
    return None


def _shown_attributes(element: Element) -> dict[str, object]:
    names = ("numDigits", "finishOnKey", "timeout", "speechTimeout", "hints", "language", "action")
    return {name: element.get(name) for name in names if element.get(name) is not None}


async def _while_prompting(line: Line, element: Element, options: GatherOptions) -> Action | None:
    """Run the nested verbs; an action by hand interrupts them."""
    prompts = [child for child in element if child.tag in NESTED]
    for child in element:
        if child.tag not in NESTED:
            line.error(13320, f"Gather: invalid nested <{child.tag}>", warning=True)
    if not prompts:
        return None
    prompting = asyncio.ensure_future(run_verbs(line, prompts))
    acting = asyncio.ensure_future(line.person.wait_for_action(options.kinds))
    try:
        await asyncio.wait({prompting, acting}, return_when=asyncio.FIRST_COMPLETED)
        if acting.done():
            return line.note_action(acting.result())
        prompting.result()
        return None
    finally:
        prompting.cancel()
        acting.cancel()


async def _collect(line: Line, options: GatherOptions, action: Action | None) -> dict[str, str]:
    """Collect keys until there are enough, or return the speech."""
    pressed = ""
    while action is not None:
        if action.kind == "speech":
            return {"SpeechResult": action.text, "Confidence": CONFIDENCE}
        for at, key in enumerate(action.text):
            if key == options.finish:
                return {"Digits": pressed, "FinishedOnKey": key}
            pressed += key
            if len(pressed) == options.digits:
                _keep_rest(line, action.text[at + 1 :])
                return {"Digits": pressed}
        action = await line.listen(options.kinds, options.timeout)
    return {"Digits": pressed} if pressed else {}


def _keep_rest(line: Line, keys: str) -> None:
    if keys:
        line.person.give_back(Action("digits", keys))


def _report_partial(line: Line, element: Element, text: str) -> None:
    url = element.get("partialResultCallback")
    if url:
        parameters = {"UnstableSpeechResult": text, "Stability": "0.9", "SequenceNumber": "0"}
        method = element.get("partialResultCallbackMethod", "POST")
        line.exchange.webhooks.notify(line.address(url), line.parameters() | parameters, method)
