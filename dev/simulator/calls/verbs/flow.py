"""Verbs that go on elsewhere or end the call: Redirect, Hangup, Reject, Leave."""

from xml.etree.ElementTree import Element

from dev.simulator.calls.control_flow import HangUp, Leave, Rejected
from dev.simulator.calls.interpreter import verb
from dev.simulator.calls.line import Line
from dev.simulator.documents import DocumentUrl, Source, plain_text

REJECTED_AS = {"busy": "busy", "rejected": "no-answer"}


@verb("Redirect")
async def redirect(line: Line, element: Element) -> Source | None:
    """Go on with another document."""
    method = element.get("method", "POST")
    if method.upper() not in {"GET", "POST"}:
        line.error(13710, f"Redirect: invalid method {method}", warning=True)
    text = plain_text(element).strip()
    url = line.address(text) if text else line.document.url
    line.note("switchboard", "redirect", url)
    return DocumentUrl(url, method)


@verb("Hangup")
async def hangup(_line: Line, _element: Element) -> Source | None:
    """End the call."""
    raise HangUp


@verb("Reject")
async def reject(line: Line, element: Element) -> Source | None:
    """Refuse the call; end it if it is answered already."""
    if line.answered:
        raise HangUp
    reason = element.get("reason", "rejected")
    line.note("switchboard", "reject", reason)
    raise Rejected(REJECTED_AS.get(reason, "no-answer"))


@verb("Leave")
async def leave(line: Line, _element: Element) -> Source | None:
    """Leave the queue in whose wait document this stands; anywhere else, warn."""
    if not line.is_queued:
        line.error(12200, "<Leave> outside of a queue", warning=True)
        return None
    line.note("switchboard", "leave")
    raise Leave
