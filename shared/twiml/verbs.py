"""TwiML's verbs and nouns, their attributes and children, as the `twilio` library defines them.

Nothing is listed here: a verb is a public method of an element's class, its attributes are the
method's parameters, and what the method makes tells what may stand inside. A new version of
the library brings its new verbs along.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from twilio.twiml import TwiML
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import VoiceResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.kinds import Kind

RESPONSES: Final[Mapping[str, type[TwiML]]] = {"call": VoiceResponse, "message": MessagingResponse}


@dataclass(frozen=True)
class Verb:
    """One verb or noun in the place where it may stand."""

    method: str
    element: type[TwiML]
    tag: str
    """Its name in XML."""
    text: str | None
    """The parameter that becomes the element's text; None if it has none."""
    text_required: bool
    attributes: Mapping[str, str]
    """Our names of the attributes → the library's parameters."""

    def nest(self, parent: TwiML, text: str | None, attributes: Mapping[str, object]) -> TwiML:
        """Put a new element of this kind into `parent`, and return it."""
        arguments = dict(attributes)
        if self.text is not None and (text is not None or self.text_required):
            arguments[self.text] = text or ""
        element: TwiML = getattr(parent, self.method)(**arguments)
        return element


_read: Final[dict[type[TwiML], Mapping[str, Verb]]] = {}


def verbs_in(element: type[TwiML]) -> Mapping[str, Verb]:
    """Return what may stand inside `element`, by our names; read from the library once."""
    if element not in _read:
        _read[element] = {
            name.rstrip("_"): _verb(element, name, method)
            for name, method in vars(element).items()
            if inspect.isfunction(method) and not name.startswith("_")
        }
    return _read[element]


@cache
def all_verb_names() -> frozenset[str]:
    """Return every name that stands for a verb or noun anywhere."""
    elements = _elements_in(*RESPONSES.values())
    return frozenset(name for element in elements for name in verbs_in(element))


@cache
def element_names(kind: Kind) -> frozenset[str]:
    """Return the names of all XML elements that the documents of a kind may have."""
    verbs = [verb for each in _elements_in(RESPONSES[kind]) for verb in verbs_in(each).values()]
    return frozenset({"Response", *(verb.tag for verb in verbs)})


def _elements_in(*roots: type[TwiML]) -> list[type[TwiML]]:
    """Return the classes of all elements that may stand in others, beginning with `roots`."""
    elements = list(roots)
    for element in elements:
        made = (verb.element for verb in verbs_in(element).values())
        elements.extend(found for found in dict.fromkeys(made) if found not in elements)
    return elements


def takes_plain_text(element: type[TwiML]) -> bool:
    """Tell whether plain strings may stand among its children: in Say and in SSML."""
    return element.__name__ == "Say" or element.__name__.startswith("Ssml")


def _verb(parent: type[TwiML], name: str, method: object) -> Verb:
    parameters = _parameters(method)
    required = [known for known, optional in parameters.items() if not optional]
    # The method is asked what it makes: its annotations do not say.
    empty = object.__new__(parent)
    TwiML.__init__(empty)
    made = getattr(empty, name)(**dict.fromkeys(required, ""))
    element = type(made)
    text = next((known for known in _parameters(element.__init__) if known in parameters), None)
    return Verb(
        method=name,
        element=element,
        tag=made.name,
        text=text,
        text_required=text in required,
        attributes={
            alias: known
            for known in parameters
            if known != text
            for alias in (known.rstrip("_"), _snake_case(known))
        },
    )


def _parameters(method: object) -> Mapping[str, bool]:
    """Return the parameters of a method of the library, and whether each may be left out."""
    signature = inspect.signature(method)  # type: ignore[arg-type]  # the library is not typed
    return {
        name: parameter.default is not parameter.empty
        for name, parameter in signature.parameters.items()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name != "self"
    }


def _snake_case(name: str) -> str:
    """Return `speechTimeout` as `speech_timeout`: the library does not always use its own style."""
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name).rstrip("_")
