"""Whom a TwiML document calls or texts."""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree as ET

_CALLED: Final = frozenset({"Dial", "Number", "WhatsApp", "Refer"})
_TEXTED: Final = frozenset({"Sms", "Message"})


def destinations_in(twiml: str) -> list[tuple[str, str]]:
    """Return where each number stands in a well-formed document, and the number as it is written.

    `Response/Dial/Number` is the text of such an element, `Response/Sms/@to` its attribute. What
    has a name instead of a number (Client, Sip, Conference, Queue) is left out.
    """
    found: list[tuple[str, str]] = []

    def collect(element: ET.Element, path: str) -> None:
        text = (element.text or "").strip()
        if element.tag in _CALLED and text:
            found.append((path, text))
        to = element.get("to", "").strip()
        if element.tag in _TEXTED and to:
            found.append((f"{path}/@to", to))
        for child in element:
            collect(child, f"{path}/{child.tag}")

    # Without a document type there are no entities to expand.
    root = ET.fromstring(twiml)  # noqa: S314
    collect(root, root.tag)
    return found
