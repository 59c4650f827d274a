"""Verbs that lead elsewhere or end: Redirect, Hangup, Reject, Leave."""

from xml.etree.ElementTree import Element

from dev.simulator.call_engine.documents import Ask, Program, plain_text
from dev.simulator.call_engine.interpret import verb
from dev.simulator.call_engine.line import HangUp, Line

REJECTED_AS = {"busy": "busy", "rejected": "no-answer"}


class Leave(Exception):  # noqa: N818 # control flow, not an error
    """The person leaves the waiting room."""


class Rejected(HangUp):
    """The call is not taken; ``status`` is what becomes of it."""

    def __init__(self, status: str) -> None:
        self.status = status
        super().__init__()


@verb("Redirect")
async def redirect(line: Line, element: Element) -> Program | None:
    """Go on with another document."""
    method = element.get("method", "POST")
    if method.upper() not in {"GET", "POST"}:
        line.error(13710, f"Redirect: invalid method {method}", warning=True)
    text = plain_text(element).strip()
    url = line.address(text) if text else line.page.url
    line.note("switchboard", "redirect", url)
    return Ask(url, method)


@verb("Hangup")
async def hangup(_line: Line, _element: Element) -> Program | None:
    """End the call."""
    raise HangUp


@verb("Reject")
async def reject(line: Line, element: Element) -> Program | None:
    """Do not take the call; once it is taken, end it."""
    if line.answered:
        raise HangUp
    reason = element.get("reason", "rejected")
    line.note("switchboard", "reject", reason)
    raise Rejected(REJECTED_AS.get(reason, "no-answer"))


@verb("Leave")
async def leave(line: Line, _element: Element) -> Program | None:
    """Leave the waiting room that this document is played in; elsewhere there is none to leave."""
    if not line.queued:
        line.error(12200, "<Leave> outside of a queue", warning=True)
        return None
    line.note("switchboard", "leave")
    raise Leave
