"""Whether Twilio answers, told from the outcomes of sends: no request is made for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.jobs.events import Answer, Doubt
from shared.provider.codes import OPTED_OUT

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.events import AnyEvent, Outcome

_SILENCE: Final = frozenset({"no_connection", "no_answer", "unreadable"})


class Contact(NamedTuple):
    """Whether Twilio answered at a time; `code` is its code, or why there was no answer."""

    at: datetime
    answers: bool
    code: str | None


def find_contact(event: AnyEvent) -> Contact | None:
    """Return what an event says about Twilio; None where Twilio had no part in it."""
    if not isinstance(event, Answer | Doubt):
        return None
    contacts = [
        Contact(event.at, answers, outcome.code)
        for outcome in event.outcomes
        if (answers := _answers(outcome)) is not None
    ]
    return max(contacts, key=lambda each: each.answers, default=None)


def _answers(outcome: Outcome) -> bool | None:
    """Return True for an answer of Twilio's, False for its failure to give one, else None."""
    code = outcome.code or ""
    if outcome.result in ("sent", "not_created"):
        return True
    if code == OPTED_OUT and outcome.request_id is None:
        return None  # our own guard: Twilio was not asked
    if code.isdigit() or code.startswith("http_"):
        return outcome.result != "unknown"
    return False if code in _SILENCE else None
