"""TwiML documents: where they come from, and Twilio's errors for a bad one."""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from dev.simulator.webhooks.client import Answer

MARKUP: Final = ("text/xml", "application/xml", "text/html", "application/xhtml+xml")
DECLARED_TYPE = re.compile(rb"<!(DOCTYPE|ENTITY)")


class DocumentError(Exception):
    """A document that Twilio cannot run; ``code`` is the one of Twilio's debugger."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class DocumentUrl:
    """A document to fetch."""

    url: str
    method: str = "POST"
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InlineTwiml:
    """A document that was part of the request itself."""

    twiml: str


Source = DocumentUrl | InlineTwiml


def read_document(answer: Answer) -> Element:
    """Return the document in an answer: TwiML, or a text to say, or a sound to play.

    Raises:
        DocumentError: 12300 for another content type, 12100 for a body that is not TwiML.
    """
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind.startswith("audio/"):
        return _wrap("Play", answer.url)
    if kind == "text/plain":
        return _wrap("Say", answer.text)
    if kind not in MARKUP:
        raise DocumentError(12300, f"Invalid Content-Type {kind or '(none)'} from {answer.url}")
    return parse(answer.body)


def parse(markup: str | bytes) -> Element:
    """Parse a ``<Response>`` element.

    Raises:
        DocumentError: 12100 for a text that is not XML or has another root.
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


def _wrap(tag: str, text: str) -> Element:
    root = Element("Response")
    verb = Element(tag)
    verb.text = text
    root.append(verb)
    return root


def plain_text(element: Element) -> str:
    """Return all text of an element without its SSML tags."""
    return "".join(element.itertext())
