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

_BYTE_ORDER_MARK: Final = "\ufeff"

# https://www.w3.org/TR/xml/#charsets: no escape makes these legal. The set is written as what is
# forbidden, for its complement takes ten times as long to compile and a cold start waits for it.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def strip_forbidden(text: str) -> str:
    """Return `text` without the characters that XML cannot hold."""
    return _FORBIDDEN.sub("", text)


def validate_characters(text: str, path: str) -> list[Problem]:
    """Return one problem that names every character that XML cannot hold, or none."""
    found = sorted(set(_FORBIDDEN.findall(text)))
    if not found:
        return []
    names = ", ".join(f"U+{ord(character):04X}" for character in found)
    return [Problem(path, "forbidden_character", f"XML cannot hold the character {names}")]


def render(response: TwiML) -> str:
    """Return the document as text, with its XML declaration.

    A parser would turn a bare carriage return into a newline, and the library escapes it in
    attributes only.
    """
    return str(response).replace("\r", "&#13;")


def validate_size(twiml: str, path: str) -> list[Problem]:
    """Return a problem if Twilio would refuse the document for its size (64 kB, error 11750)."""
    size = len(twiml.encode())
    if size <= MAX_ANSWER_BYTES:
        return []
    return [Problem(path, "too_long", f"makes {size} bytes of TwiML; Twilio takes 65536")]


def validate_document(twiml: str, path: str) -> list[Problem]:
    """Return the first reason why `twiml` is not TwiML.

    It is not XML in UTF-8, has a DTD, or its root is not a Response.
    """
    return _read_names(twiml, path)[1]


def validate_twiml(twiml: str, path: str = "$.twiml") -> list[Problem]:
    """Return what keeps `twiml` from travelling inside a call request (at most 4000 characters)."""
    if len(twiml) > MAX_INLINE_CHARACTERS:
        return [Problem(path, "too_long", f"has {len(twiml)} characters; Twilio takes 4000")]
    names, problems = _read_names(twiml, path)
    if problems:
        return problems
    from shared.twiml.verbs import element_names

    unknown = [f"<{name}>" for name in dict.fromkeys(names) if name not in element_names("call")]
    if not unknown:
        return []
    message = "which is not TwiML for calls; letter case counts, e.g. <Say>"
    return [Problem(path, "unknown_verb", f"has {', '.join(unknown)}, {message}")]


def _read_names(twiml: str, path: str) -> tuple[list[str], list[Problem]]:
    """Return the names of all elements, and the first reason why a document is not TwiML."""
    problems = validate_characters(twiml, path)
    if problems:
        return [], problems
    if twiml.startswith(_BYTE_ORDER_MARK):
        return [], [Problem(path, "not_xml", "must begin with <, and begins with U+FEFF")]
    names: list[str] = []
    # With namespaces a prefix that nothing declares is an error, as it is for Twilio.
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _require_utf8
    parser.StartElementHandler = lambda name, _: names.append(name.rpartition(" ")[2])
    try:
        parser.Parse(twiml, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, _NotTwimlError) as error:
        return [], [Problem(path, "not_xml", f"is not well-formed TwiML: {error}")]
    if names[0] != "Response":
        return [], [Problem(path, "not_twiml", f"has the root <{names[0]}>, not <Response>")]
    return names, []


class _NotTwimlError(Exception):
    """The document declares what TwiML cannot have."""


def _refuse_doctype(*_: object) -> None:
    """Refuse a document type declaration, where entities could be declared."""
    raise _NotTwimlError("a document type declaration is not allowed")


def _require_utf8(version: str, encoding: str | None, standalone: int) -> None:
    """Refuse a declared encoding that is not the one in which it travels."""
    del version, standalone
    if encoding is not None and encoding.upper() != "UTF-8":
        raise _NotTwimlError(f"its encoding is UTF-8, and it declares {encoding}")
