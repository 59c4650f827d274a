"""The answers to a `gather`, and where a call goes on after one.

A place names a `gather`, `record` or `dial` in a call's own steps: `2` is the third step, `2.0.1`
the second step in the first branch of its `on`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Verbs after which Twilio comes back to their `action`.
STAGE_VERBS: Final = ("gather", "record", "dial")
ELSE: Final = "else"
_KEYPAD: Final = re.compile(r"[0-9*#]+")
_PLACE: Final = re.compile(r"\d{1,4}(?:\.\d{1,4}\.\d{1,4})*", re.ASCII)


@dataclass(frozen=True)
class Stage:
    """A step that Twilio comes back from, and the list of steps in which it stands."""

    verb: str
    on: Mapping[str, list[object]]
    steps: list[object]
    index: int
    prefix: str
    """What the places of `steps` begin with: blank, or `2.0.` in a branch."""

    @property
    def place(self) -> str:
        """The place of the step itself."""
        return f"{self.prefix}{self.index}"


def find_stage(steps: list[Any], place: str) -> Stage | None:
    """Return the step at a place of valid steps, or None where there is no such step."""
    if not _PLACE.fullmatch(place):
        return None
    numbers = [int(number) for number in place.split(".")]
    prefix = ""
    try:
        for index, branch in zip(numbers[:-1:2], numbers[1::2], strict=True):
            steps = [*steps[index]["gather"]["on"].values()][branch]
            prefix += f"{index}.{branch}."
        [(verb, value)] = steps[numbers[-1]].items()
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    if verb not in STAGE_VERBS:
        return None
    on = value.get("on", {}) if isinstance(value, dict) and verb == "gather" else {}
    return Stage(verb, on, steps, numbers[-1], prefix)


def next_steps(stage: Stage, digits: str = "", speech: str = "") -> tuple[list[object], int, str]:
    """Return the steps that follow an answer, the first of them, and what their places begin with.

    Those are a branch of `on`, or the steps after the gather where none fits.
    """
    branch = choose_branch(stage.on, digits, speech)
    if branch is None:
        return stage.steps, stage.index + 1, stage.prefix
    number = list(stage.on).index(branch)
    return stage.on[branch], 0, f"{stage.place}.{number}."


def choose_branch(on: Mapping[str, object], digits: str, speech: str) -> str | None:
    """Return the key of `on` that fits an answer; `else` fits every other, silence fits none."""
    if digits in on and digits != ELSE:
        return digits
    heard = normalize_speech(speech)
    if heard:
        for key in on:
            if key != ELSE and normalize_speech(key) == heard:
                return key
    return ELSE if ELSE in on and (digits or speech) else None


def keypad_keys(keys: Iterable[str]) -> list[str]:
    """Return the answers that are pressed."""
    return [key for key in keys if _KEYPAD.fullmatch(key)]


def spoken_keys(keys: Iterable[str]) -> list[str]:
    """Return the answers that are said."""
    return [key for key in keys if key != ELSE and not _KEYPAD.fullmatch(key)]


def normalize_speech(text: str) -> str:
    """Return the words of a text in lower case: `Yes.` and `yes` are the same answer."""
    return " ".join(re.findall(r"\w+", text.casefold()))
