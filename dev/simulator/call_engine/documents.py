"""TwiML documents: where they come from, and what Twilio makes of a bad one."""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from dev.simulator.webhooks import Answer

MARKUP: Final = ("text/xml", "application/xml", "text/html", "application/xhtml+xml")
DECLARED_TYPE = re.compile(rb"<!(DOCTYPE|ENTITY)")


class DocumentError(Exception):
    """A document that Twilio cannot run; ``code`` is the debugger's."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Ask:
    """Fetch the next document from here."""

    url: str
    method: str = "POST"
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inline:
    """A document that came with the request itself."""

    twiml: str


Program = Ask | Inline


def read_document(answer: Answer, spoken: tuple[str, ...] = ("text/plain",)) -> Element:
    """The document in an answer: markup, or a text to say, or a sound to play.

    Raises:
        DocumentError: 12300 for another content type, 12100 for what is not TwiML.
    """
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return _wrapped("Play", answer.url)
    if kind in spoken:
        return _wrapped("Say", answer.text)
    if kind not in MARKUP:
        raise DocumentError(12300, f"Invalid Content-Type {kind or '(none)'} from {answer.url}")
    return parse(answer.body)


def parse(markup: str | bytes) -> Element:
    """A ``<Response>`` element.

    Raises:
        DocumentError: 12100, for what is not XML or has another root.
    """
    raw = markup.encode() if isinstance(markup, str) else markup
    if DECLARED_TYPE.search(raw):
        raise DocumentError(12100, "Document parse failure: a document type is not allowed")
    try:
        # Safe: no document type means no entities to expand.
        root = fromstring(raw)  # noqa: S314
    except (ParseError, LookupError, ValueError) as error:  # bad markup, unknown encodings
        raise DocumentError(12100, f"Document parse failure: {error}") from None
    if root.tag != "Response":
        raise DocumentError(12100, f"Document parse failure: the root is <{root.tag}>")
    return root


def _wrapped(tag: str, text: str) -> Element:
    root = Element("Response")
    verb = Element(tag)
    verb.text = text
    root.append(verb)
    return root


def plain_text(element: Element) -> str:
    """All text of an element, SSML tags left out."""
    return "".join(element.itertext())
