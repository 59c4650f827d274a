"""TwiML as text: the characters that XML has, Twilio's size limits, and whether it parses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from shared.errors import Problem

if TYPE_CHECKING:
    from twilio.twiml import TwiML

MAX_ANSWER_BYTES: Final = 64 * 1024
MAX_INLINE_CHARACTERS: Final = 4000

# https://www.w3.org/TR/xml/#charsets: no escape makes these legal. The set is written as what is
# forbidden, for its complement takes ten times as long to compile and a cold start waits for it.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def strip_forbidden(text: str) -> str:
    """`text` less the characters that XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def validate_characters(text: str, path: str) -> list[Problem]:
    """One problem that names every character in `text` that XML cannot hold, or none."""
    names = ", ".join(f"U+{ord(found):04X}" for found in sorted(set(_FORBIDDEN.findall(text))))
    if not names:
        return []
    return [Problem(path, "forbidden_character", f"XML cannot hold the character {names}")]


def render(response: TwiML) -> str:
    """The document as text, with its XML declaration.

    A parser would turn a bare carriage return into a newline, and the library escapes it in
    attributes only.
    """
    return str(response).replace("\r", "&#13;")


def validate_size(twiml: str, path: str) -> list[Problem]:
    """A problem if Twilio would refuse the document for its size (64 kB, error 11750)."""
    size = len(twiml.encode())
    if size <= MAX_ANSWER_BYTES:
        return []
    return [Problem(path, "too_long", f"makes {size} bytes of TwiML; Twilio takes 65536")]


def validate_document(twiml: str, path: str) -> list[Problem]:
    """The first reason why `twiml` is no TwiML: not XML, a DTD, or a root that is no Response."""
    problems = validate_characters(twiml, path)
    if problems:
        return problems
    roots: list[str] = []
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = lambda name, _: roots.append(name) if not roots else None
    try:
        parser.Parse(twiml, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, _DoctypeError) as error:
        return [Problem(path, "not_xml", f"is not well-formed TwiML: {error}")]
    if roots != ["Response"]:
        return [Problem(path, "not_twiml", f"has the root <{roots[0]}>, not <Response>")]
    return []


def validate_twiml(twiml: str, path: str = "$.twiml") -> list[Problem]:
    """What keeps `twiml` from travelling inside a call request (at most 4000 characters)."""
    if len(twiml) > MAX_INLINE_CHARACTERS:
        return [Problem(path, "too_long", f"has {len(twiml)} characters; Twilio takes 4000")]
    return validate_document(twiml, path)


class _DoctypeError(Exception):
    """A document type declaration, where entities could be declared."""


def _refuse_doctype(*_: object) -> None:
    raise _DoctypeError("a document type declaration is not allowed")
