"""Steps: TwiML as JSON, one to one, in the names of the `twilio` library.

[{"say": "Welcome"}, {"dial": {"timeout": 20, "steps": [{"number": "+14155552671"}]}}]

One thing is ours: a `gather` may hold what follows each answer as `on`, see `stages.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.errors import InvalidRequestError, Problem
from shared.twiml.stages import STAGE_VERBS, keypad_keys, normalize_speech, spoken_keys
from shared.twiml.text import render, validate_characters, validate_size
from shared.twiml.verbs import RESPONSES, all_verb_names, takes_plain_text, verbs_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    steps: object,
    kind: Kind = "call",
    path: str = "$.steps",
    *,
    inline: bool = False,
    come_back: Callable[[str], str] | None = None,
) -> str:
    """Return the steps as a TwiML document; `inline` if no URL of its own will serve it.

    `come_back` gives the address at which the call goes on after a `gather`, `record` or `dial`
    without an `action`, from its place in the steps: `2`, or `2.0.1` in a branch of `on`.

    Raises:
        InvalidRequestError: with every problem of `steps`.
    """
    twiml, problems = _read(steps, kind, path, _Reader(inline=inline, come_back=come_back))
    if problems:
        raise InvalidRequestError(problems)
    return twiml


def render_rest(
    steps: list[object], first: int, prefix: str, come_back: Callable[[str], str] | None
) -> str:
    """Return the TwiML of a call's valid steps from `first` on; nothing left ends the call.

    `prefix` is what the places of these steps begin with.
    """
    response = RESPONSES["call"]()
    reader = _Reader(inline=True, come_back=come_back)
    reader.children(response, steps, "$", depth=1, prefix=prefix, first=first)
    return render(response)


def validate_steps(
    steps: object, kind: Kind = "call", path: str = "$.steps", *, inline: bool = False
) -> list[Problem]:
    """Return every problem of the steps; none if `render_steps` takes them."""
    return _read(steps, kind, path, _Reader(inline=inline))[1]


def branches_of(
    steps: list[object], path: str = "$.steps"
) -> Iterator[tuple[str, str, list[object]]]:
    """Yield the path, the prefix of places, and the steps of every branch in valid steps."""
    todo = [("", path, steps)]
    for prefix, at, inside in todo:
        for index, step in enumerate(inside):
            on = branches_in(step)
            for number, (key, branch) in enumerate(on.items()):
                where = _member(f"{at}[{index}].gather.on", key)
                todo.append((f"{prefix}{index}.{number}.", where, branch))
                yield where, f"{prefix}{index}.{number}.", branch


def branches_in(step: object) -> dict[str, list[object]]:
    """Return what a valid step has for each answer; nothing unless it is a `gather` with `on`."""
    value = step.get("gather") if isinstance(step, dict) else None
    on = value.get("on") if isinstance(value, dict) else None
    return on if isinstance(on, dict) else {}


def _read(steps: object, kind: Kind, path: str, reader: _Reader) -> tuple[str, list[Problem]]:
    response = RESPONSES[kind]()
    reader.document(response, steps, path, depth=1, prefix="")
    if reader.problems:
        return "", reader.problems
    twiml = render(response)
    return twiml, validate_size(twiml, path)


class _Reader:
    """Builds the document as far as it can, and keeps every problem that it meets."""

    def __init__(self, *, inline: bool, come_back: Callable[[str], str] | None = None) -> None:
        self._inline = inline
        self._come_back = come_back
        self.problems: list[Problem] = []

    def complain(self, path: str, code: str, message: str) -> None:
        self.problems.append(Problem(path, code, message))

    def document(self, response: TwiML, steps: object, path: str, depth: int, prefix: str) -> None:
        """Read all steps of a document, of which there must be one at least."""
        self.children(response, steps, path, depth, prefix=prefix)
        if not steps and isinstance(steps, list):
            self.complain(path, "required", "needs at least one step")

    def children(  # noqa: PLR0913 - where the steps stand, in the document and in the request
        self,
        parent: TwiML,
        steps: object,
        path: str,
        depth: int,
        *,
        prefix: str | None = None,
        first: int = 0,
    ) -> None:
        """Read `steps` from `first` on into `parent`; `prefix` begins their places, if any."""
        if not isinstance(steps, list):
            self.complain(path, "wrong_type", "must be a list of steps")
        elif len(steps) > MAX_STEPS:
            self.complain(path, "too_many", f"has {len(steps)} steps; at most {MAX_STEPS} fit")
        elif depth > MAX_DEPTH:
            self.complain(path, "too_deep", f"is nested deeper than {MAX_DEPTH} steps")
        else:
            for index, step in enumerate(steps[first:], first):
                place = None if prefix is None else f"{prefix}{index}"
                self._step(parent, step, f"{path}[{index}]", depth, place)

    def _step(self, parent: TwiML, step: object, path: str, depth: int, place: str | None) -> None:
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
                self._element(parent, verb, value, path, depth, place=place)

    def _unknown_verb(self, parent: TwiML, name: str, path: str) -> None:
        allowed = ", ".join(sorted(verbs_in(type(parent)))) or "nothing"
        if name in all_verb_names():
            message = f"may not stand in {parent.name}, only: {allowed}"
            self.complain(path, "misplaced_verb", message)
        else:
            message = f"is not a verb of TwiML; {parent.name} takes: {allowed}"
            self.complain(path, "unknown_verb", message)

    def _element(  # noqa: PLR0913 - where the element stands, in the document and in the request
        self,
        parent: TwiML,
        verb: Verb,
        value: object,
        path: str,
        depth: int,
        *,
        place: str | None,
    ) -> None:
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
        has_on = verb.method == "gather" and "on" in whole
        ours = {text_name, "steps", *(["on"] if has_on else [])}
        named = {name: whole[name] for name in whole if name not in ours}
        attributes = self._attributes(verb, named, path)
        if has_on:
            self._branches(whole["on"], attributes, path, depth, place)
        if self._come_back and place is not None and verb.method in STAGE_VERBS:
            attributes.setdefault("action", self._come_back(place))
        element = verb.nest(parent, text, attributes)
        if (steps or "steps" in whole) and not verbs_in(verb.element):
            self.complain(steps_path, "misplaced_steps", f"{element.name} has no steps inside")
        else:
            self.children(element, steps, steps_path, depth + 1)
        self._check_length(element, path)

    def _branches(
        self, on: object, attributes: dict[str, object], path: str, depth: int, place: str | None
    ) -> None:
        """Read what follows each answer, and let the gather listen for just that."""
        if "action" in attributes:
            self.complain(f"{path}.on", "conflict", "cannot be combined with action")
        if not isinstance(on, dict) or not on:
            message = 'must be an object of steps by answer, e.g. {"1": [{"say": "Yes"}]}'
            self.complain(f"{path}.on", "wrong_type", message)
            return
        seen: set[str] = set()
        for number, (key, steps) in enumerate(on.items()):
            at = _member(f"{path}.on", key)
            heard = key if key in keypad_keys(on) else normalize_speech(key)
            if not heard:
                self.complain(at, "malformed", "must be keys such as 1 or *, words, or else")
            elif heard in seen:
                self.complain(at, "duplicate", "means the same as another answer")
            seen.add(heard)
            response = RESPONSES["call"]()
            known = len(self.problems)
            self.document(response, steps, at, depth + 1, f"{place}.{number}.")
            if len(self.problems) == known:
                self.problems += validate_size(render(response), at)
        if keys := keypad_keys(on):
            attributes.setdefault("num_digits", max(map(len, keys)))
        if any("#" in key for key in keys):
            # Otherwise the hash key would end the input, and never be the answer.
            attributes.setdefault("finish_on_key", "")
        if spoken_keys(on):
            attributes.setdefault("input", "dtmf speech")

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
                message = f"is not an attribute of {verb.element.__name__}, which has: {known}"
                self.complain(_member(path, name), "unknown_attribute", message)
            else:
                read[parameter] = self._attribute(value, _member(path, name))
                if parameter == "action":
                    self._check_absolute(read[parameter], f"{path}.action")
        return read

    def _attribute(self, value: object, path: str) -> str | float | None:
        """Return a string, number or boolean as it is, a list of strings joined by spaces."""
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
        """Refuse a relative URL in TwiML that has no address of its own to start from."""
        if self._inline and isinstance(url, str) and not _ABSOLUTE.match(url.lower()):
            self.complain(
                path,
                "relative_url",
                "must be an absolute URL in a call's own steps, e.g. https://example.com/next",
            )

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
    """Count the characters of an element and of the SSML in it, whose names are in lower case."""
    parts = [part for part in element.verbs if isinstance(part, str) or part.name.islower()]
    inside = sum(len(part) if isinstance(part, str) else _text_length(part) for part in parts)
    return len(element.value or "") + inside


def _member(path: str, name: object) -> str:
    """Return the path of a member; a name that is not a plain word is quoted and escaped."""
    plain = isinstance(name, str) and re.fullmatch("[A-Za-z0-9_-]+", name)
    return f"{path}.{name}" if plain else f"{path}[{name!a}]"
