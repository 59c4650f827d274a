"""Verbs that let the person listen: Say, Play, Pause, Echo."""

import re
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.calls.interpreter import read_number, verb
from dev.simulator.calls.line import Line
from dev.simulator.documents import Source, plain_text

CHARACTERS_PER_SECOND: Final = 15
SOUND_SECONDS: Final = 3.0
# "Loop until somebody hangs up" ends here, as at Twilio.
MAX_LOOPS: Final = 1000
MAX_SAY_CHARACTERS = {"Polly": 3000, "Google": 5000}
MAX_BASIC_SAY_CHARACTERS: Final = 4096
MAX_BREAK_SECONDS: Final = 10.0
BREAK = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@verb("Say")
async def say(line: Line, element: Element) -> Source | None:
    """Speak a text; of SSML, only the text is kept."""
    text = " ".join(plain_text(element).split())
    voice = element.get("voice", "")
    longest = MAX_SAY_CHARACTERS.get(voice.partition(".")[0], MAX_BASIC_SAY_CHARACTERS)
    if not text or len(text) > longest:
        line.error(13520, f"Say: invalid text of {len(text)} characters", warning=True)
        text = text[:longest]
    spoken = len(text) / CHARACTERS_PER_SECOND + breaks(element)
    for _ in range(_loops(line, element, 13510)):
        line.note("switchboard", "say", text, **_manner(element))
        await line.play_for(spoken)
    return None


def breaks(element: Element) -> float:
    """Return the seconds of silence in SSML; each break lasts at most ten."""
    written = (pause.get("time", "1s") for pause in element.iter("break"))
    matches = [BREAK.fullmatch(text) for text in written]
    lengths = (float(time[1]) / (1000 if time[2] == "ms" else 1) for time in matches if time)
    return sum(min(length, MAX_BREAK_SECONDS) for length in lengths)


def _manner(element: Element) -> dict[str, object]:
    return {name: element.get(name) for name in ("voice", "language") if element.get(name)}


@verb("Play")
async def play(line: Line, element: Element) -> Source | None:
    """Play a file, or tones."""
    digits = element.get("digits")
    sound = line.address(plain_text(element)) if plain_text(element).strip() else ""
    if not sound and not digits:
        line.error(13410, "Play: nothing to play", warning=True)
        return None
    for _ in range(_loops(line, element, 13410)):
        if digits:
            line.note("switchboard", "play", digits, tones=True)
            await line.play_for(len(digits) * 0.5)
        else:
            line.note("switchboard", "play", sound)
            await line.play_for(SOUND_SECONDS)
    return None


def _loops(line: Line, element: Element, code: int) -> int:
    times = int(read_number(line, element, "loop", 1, code))
    return min(times, MAX_LOOPS) or MAX_LOOPS


@verb("Pause")
async def pause(line: Line, element: Element) -> Source | None:
    """Wait in silence."""
    length = read_number(line, element, "length", 1, 13910)
    line.note("switchboard", "pause", f"{length:g}")
    await line.play_for(length)
    return None


@verb("Echo")
async def echo(line: Line, _element: Element) -> Source | None:
    """Repeat what the person says, until they hang up."""
    line.note("switchboard", "echo")
    talking = frozenset({"speech", "digits"})
    while action := await line.listen(talking, line.person.phone.talks):
        line.note("switchboard", "echo", action.text)
    if line.person.is_automatic:
        await line.hang_up()
    return None
