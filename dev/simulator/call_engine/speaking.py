"""Verbs that only let the person listen: Say, Play, Pause, Echo."""

import re
from typing import Final
from xml.etree.ElementTree import Element

from dev.simulator.call_engine.documents import Program, plain_text
from dev.simulator.call_engine.interpret import seconds, verb
from dev.simulator.call_engine.line import Line

LETTERS_A_SECOND: Final = 15
SOUND_SECONDS: Final = 3.0
# "loop until hung up" ends here, where Twilio itself ends it.
MOST_LOOPS: Final = 1000
LONGEST_SAY = {"Polly": 3000, "Google": 5000}
LONGEST_BASIC_SAY: Final = 4096
LONGEST_BREAK: Final = 10.0
BREAK = re.compile(r"(\d+(?:\.\d+)?)(ms|s)")


@verb("Say")
async def say(line: Line, element: Element) -> Program | None:
    """Speak a text, SSML as the words in it."""
    text = " ".join(plain_text(element).split())
    voice = element.get("voice", "")
    longest = LONGEST_SAY.get(voice.partition(".")[0], LONGEST_BASIC_SAY)
    if not text or len(text) > longest:
        line.error(13520, f"Say: invalid text of {len(text)} characters", warning=True)
        text = text[:longest]
    spoken = len(text) / LETTERS_A_SECOND + breaks(element)
    for _ in range(_loops(line, element, 13510)):
        line.note("switchboard", "say", text, **_manner(element))
        await line.speech(spoken)
    return None


def breaks(element: Element) -> float:
    """Seconds of silence in SSML; each break lasts at most ten."""
    written = (pause.get("time", "1s") for pause in element.iter("break"))
    found = [BREAK.fullmatch(text) for text in written]
    lengths = (float(time[1]) / (1000 if time[2] == "ms" else 1) for time in found if time)
    return sum(min(length, LONGEST_BREAK) for length in lengths)


def _manner(element: Element) -> dict[str, object]:
    return {name: element.get(name) for name in ("voice", "language") if element.get(name)}


@verb("Play")
async def play(line: Line, element: Element) -> Program | None:
    """Play a file, or tones."""
    digits = element.get("digits")
    sound = line.address(plain_text(element)) if plain_text(element).strip() else ""
    if not sound and not digits:
        line.error(13410, "Play: nothing to play", warning=True)
        return None
    for _ in range(_loops(line, element, 13410)):
        if digits:
            line.note("switchboard", "play", digits, tones=True)
            await line.speech(len(digits) * 0.5)
        else:
            line.note("switchboard", "play", sound)
            await line.speech(SOUND_SECONDS)
    return None


def _loops(line: Line, element: Element, code: int) -> int:
    times = int(seconds(line, element, "loop", 1, code))
    return min(times, MOST_LOOPS) or MOST_LOOPS


@verb("Pause")
async def pause(line: Line, element: Element) -> Program | None:
    """Wait in silence."""
    length = seconds(line, element, "length", 1, 13910)
    line.note("switchboard", "pause", f"{length:g}")
    await line.speech(length)
    return None


@verb("Echo")
async def echo(line: Line, _element: Element) -> Program | None:
    """Give back what is said, until the person hangs up."""
    line.note("switchboard", "echo")
    talking = frozenset({"speech", "digits"})
    while deed := await line.listen(talking, line.person.phone.talks):
        line.note("switchboard", "echo", deed.text)
    if line.person.automatic:
        await line.hung_up()
    return None
