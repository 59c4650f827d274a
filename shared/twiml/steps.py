"""Steps: TwiML as JSON, one to one, in the names of the `twilio` library.

[{"say": "Welcome"}, {"dial": {"timeout": 20, "steps": [{"number": "+14155552671"}]}}]
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.errors import InvalidRequestError, Problem
from shared.twiml.text import render, validate_characters, validate_size
from shared.twiml.verbs import RESPONSES, all_verb_names, takes_plain_text, verbs_in

if TYPE_CHECKING:
    from twilio.twiml import TwiML

    from shared.kinds import Kind
    from shared.twiml.verbs import Verb

MAX_STEPS: Final = 1000
MAX_DEPTH: Final = 20

# Characters: https://www.twilio.com/docs/voice/twiml/say#limits and the length of a message.
_MESSAGE_LIMIT: Final = 1600
_TEXT_LIMITS: Final = {
    "Say": 4096,
    "Message": _MESSAGE_LIMIT,
    "Body": _MESSAGE_LIMIT,
    "Sms": _MESSAGE_LIMIT,
}
_VOICE_LIMITS: Final = {"polly.": 3000, "google.": 5000}
_TOO_LARGE: Final = 1e18  # also false for NaN and the infinities
_ABSOLUTE: Final = re.compile("https?://[^/]")


def render_steps(
    steps: object, kind: Kind = "call", path: str = "$.steps", *, inline: bool = False
) -> str:
    """The steps as a TwiML document; `inline` if no URL of its own will serve it.

    Raises:
        InvalidRequestError: with every problem of `steps`.
    """
    twiml, problems = _read(steps, kind, path, inline=inline)
    if problems:
        raise InvalidRequestError(problems)
    return twiml


def validate_steps(
    steps: object, kind: Kind = "call", path: str = "$.steps", *, inline: bool = False
) -> list[Problem]:
    """Every problem of the steps; none if `render_steps` takes them."""
    return _read(steps, kind, path, inline=inline)[1]


def _read(steps: object, kind: Kind, path: str, *, inline: bool) -> tuple[str, list[Problem]]:
    response = RESPONSES[kind]()
    reader = _Reader(inline=inline)
    reader.children(response, steps, path, depth=1)
    if not steps and isinstance(steps, list):
        reader.complain(path, "required", "needs at least one step")
    if reader.problems:
        return "", reader.problems
    twiml = render(response)
    return twiml, validate_size(twiml, path)


class _Reader:
    """Builds the document as far as it can, and keeps every problem that it meets."""

    def __init__(self, *, inline: bool) -> None:
        self._inline = inline
        self.problems: list[Problem] = []

    def complain(self, path: str, code: str, message: str) -> None:
        self.problems.append(Problem(path, code, message))

    def children(self, parent: TwiML, steps: object, path: str, depth: int) -> None:
        """Read `steps` into `parent`."""
        if not isinstance(steps, list):
            self.complain(path, "wrong_type", "must be a list of steps")
        elif len(steps) > MAX_STEPS:
            self.complain(path, "too_many", f"has {len(steps)} steps; at most {MAX_STEPS} fit")
        elif depth > MAX_DEPTH:
            self.complain(path, "too_deep", f"is nested deeper than {MAX_DEPTH} steps")
        else:
            for index, step in enumerate(steps):
                self._step(parent, step, f"{path}[{index}]", depth)

    def _step(self, parent: TwiML, step: object, path: str, depth: int) -> None:
        if isinstance(step, str) and takes_plain_text(type(parent)):
            self._checked_text(step, path)
            _append_text(parent, step)
        elif not isinstance(step, dict) or len(step) != 1:
            self.complain(path, "not_a_step", "must be an object with one key, the verb")
        else:
            [(name, value)] = step.items()
            path = _member(path, name)
            verb = verbs_in(type(parent)).get(name)
            if verb is None:
                self._unknown_verb(parent, str(name), path)
            else:
                self._element(parent, verb, value, path, depth)

    def _unknown_verb(self, parent: TwiML, name: str, path: str) -> None:
        allowed = ", ".join(sorted(verbs_in(type(parent)))) or "nothing"
        if name in all_verb_names():
            message = f"may not stand in {parent.name}, only: {allowed}"
            self.complain(path, "misplaced_verb", message)
        else:
            message = f"is no verb of TwiML; {parent.name} takes: {allowed}"
            self.complain(path, "unknown_verb", message)

    def _element(self, parent: TwiML, verb: Verb, value: object, path: str, depth: int) -> None:
        """Read one element: a text, a list of children, or an object of text, steps, attributes."""
        whole = value if isinstance(value, dict) else {}
        text_name = verb.text if verb.text in whole and "text" not in whole else "text"
        text, text_path = whole.get(text_name), f"{path}.{text_name}"
        steps, steps_path = whole.get("steps", []), f"{path}.steps"
        if isinstance(value, str):
            text, text_path = value, path
        elif isinstance(value, list):
            steps, steps_path = value, path
        elif not isinstance(value, dict):
            self.complain(path, "wrong_type", "must be a text, a list of steps, or an object")
        given = isinstance(value, str) or text_name in whole
        text = self._text(verb, text, text_path, given=given)
        named = {name: whole[name] for name in whole if name not in {text_name, "steps"}}
        element = verb.nest(parent, text, self._attributes(verb, named, path))
        if (steps or "steps" in whole) and not verbs_in(verb.element):
            self.complain(steps_path, "misplaced_steps", f"{element.name} has no steps inside")
        else:
            self.children(element, steps, steps_path, depth + 1)
        self._check_length(element, path)

    def _text(self, verb: Verb, text: object, path: str, *, given: bool) -> str | None:
        if not given:
            if verb.text_required:
                self.complain(path, "required", "is required")
            return None
        if verb.text is None:
            self.complain(path, "misplaced_text", f"{verb.element.__name__} has no text")
        elif not isinstance(text, str):
            self.complain(path, "wrong_type", "must be a text")
        elif not text and verb.text_required:
            self.complain(path, "required", "must not be empty")
        else:
            self._checked_text(text, path)
            if verb.method == "redirect":
                self._check_absolute(text, path)
            return text
        return None

    def _attributes(self, verb: Verb, named: dict[str, object], path: str) -> dict[str, object]:
        read: dict[str, object] = {}
        for name, value in named.items():
            parameter = verb.attributes.get(name)
            if parameter is None:
                known = ", ".join(sorted(verb.attributes)) or "none"
                message = f"is no attribute of {verb.element.__name__}, which has: {known}"
                self.complain(_member(path, name), "unknown_attribute", message)
            else:
                read[parameter] = self._attribute(value, _member(path, name))
                if parameter == "action":
                    self._check_absolute(read[parameter], f"{path}.action")
        return read

    def _attribute(self, value: object, path: str) -> str | float | None:
        """A string, number or boolean as it is, a list of strings joined by spaces."""
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            value = " ".join(value)
        if isinstance(value, str):
            self._checked_text(value, path)
            return value
        if isinstance(value, int | float) and abs(value) < _TOO_LARGE:
            return value
        self.complain(path, "wrong_type", "must be a string, number, boolean or list of strings")
        return None

    def _checked_text(self, text: str, path: str) -> None:
        self.problems += validate_characters(text, path)

    def _check_absolute(self, url: object, path: str) -> None:
        """TwiML that travels with the request has no address of its own to start from."""
        if self._inline and isinstance(url, str) and not _ABSOLUTE.match(url.lower()):
            self.complain(path, "relative_url", "must be an absolute URL in a call's own TwiML")

    def _check_length(self, element: TwiML, path: str) -> None:
        limit = _TEXT_LIMITS.get(element.name)
        if limit is None:
            return
        voice = str(element.attrs.get("voice", "")).lower()
        if element.name == "Say":
            limit = next(
                (n for start, n in _VOICE_LIMITS.items() if voice.startswith(start)), limit
            )
        length = _text_length(element)
        if length > limit:
            message = f"has {length} characters; Twilio takes {limit} here"
            self.complain(path, "too_long", message)


def _append_text(parent: TwiML, text: str) -> None:
    """Add plain text; next to other text it joins it, for the library would keep only the last."""
    if not parent.verbs:
        parent.value = (parent.value or "") + text
    elif isinstance(parent.verbs[-1], str):
        parent.verbs[-1] += text
    else:
        parent.append(text)


def _text_length(element: TwiML) -> int:
    """Characters of text in an element and in the SSML in it, whose names are in lower case."""
    parts = [part for part in element.verbs if isinstance(part, str) or part.name.islower()]
    inside = sum(len(part) if isinstance(part, str) else _text_length(part) for part in parts)
    return len(element.value or "") + inside


def _member(path: str, name: object) -> str:
    """The path of a member; a name that is no plain word is quoted and escaped."""
    plain = isinstance(name, str) and re.fullmatch("[A-Za-z0-9_-]+", name)
    return f"{path}.{name}" if plain else f"{path}[{name!a}]"
