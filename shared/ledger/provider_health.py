"""Whether Twilio answers, by what its last answer came to: no question is asked for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from shared.jobs.events import Answer, Doubt
from shared.provider.codes import OPTED_OUT

if TYPE_CHECKING:
    from datetime import datetime

    from shared.jobs.events import AnyEvent, Outcome

_SILENCE: Final = frozenset({"no_connection", "no_answer", "unreadable"})


class Contact(NamedTuple):
    """What Twilio was like at a time; `code` is what it said, or why there was no answer."""

    at: datetime
    answers: bool
    code: str | None


def find_contact(event: AnyEvent) -> Contact | None:
    """What an event says about Twilio; None where Twilio had no part in it."""
    if not isinstance(event, Answer | Doubt):
        return None
    said = [
        Contact(event.at, answers, outcome.code)
        for outcome in event.outcomes
        if (answers := _answers(outcome)) is not None
    ]
    return max(said, key=lambda each: each.answers, default=None)


def _answers(outcome: Outcome) -> bool | None:
    """Whether an outcome is an answer of Twilio's (True), its failure to give one, or neither."""
    code = outcome.code or ""
    if outcome.result in ("sent", "not_created"):
        return True
    if code == OPTED_OUT and outcome.request_id is None:
        return None  # our own guard: Twilio was not asked
    if code.isdigit() or code.startswith("http_"):
        return outcome.result != "unknown"
    return False if code in _SILENCE else None
