"""What INBOUND_CALL and INBOUND_MESSAGE may say: a twimlet with its query, steps, or a URL."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from shared.answer.steps import to_twiml
from shared.answer.twiml_text import check_characters, written
from shared.answer.twimlets import TWIMLETS
from shared.answer.verbs import RESPONSES
from shared.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shared.answer.steps import Kind
    from shared.settings import Settings

# Those that have something to say to a text; the others speak, ring and record.
_TWIMLETS: Final[Mapping[str, Collection[str]]] = {
    "call": TWIMLETS.keys(),
    "message": ("message", "echo"),
}
# All that may stand in a query, and the percent sign of what is escaped already.
_IN_QUERIES: Final = "%!$&'()*+,;=:@/?"
_URL: Final = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


@dataclass(frozen=True)
class Configured:
    """What to answer: the page of a twimlet (`name?query`), or a document that stands."""

    page: str = ""
    twiml: str = ""


@cache
def read_answer(value: str, kind: Kind) -> Configured:
    """What a setting says for calls or for messages.

    A query may be written as one reads it, with spaces, and in several lines.

    Raises:
        ValueError: it is none of the three; the words say what is wrong, and never the value.
    """
    value = value.strip()
    if value.startswith("["):
        return Configured(twiml=_steps(value, kind))
    if _URL.fullmatch(value) and not check_characters(value, ""):
        response = RESPONSES[kind]()
        response.redirect(value)
        return Configured(twiml=written(response))
    name, _, query = re.sub(r"\s*\n\s*", "", value).partition("?")
    if name not in _TWIMLETS[kind]:
        twimlets = ", ".join(_TWIMLETS[kind])
        raise ValueError(f"must be a twimlet ({twimlets}) with its query, steps as JSON, or a URL")
    return Configured(page=f"{name}?{quote(query, safe=_IN_QUERIES)}" if query else name)


def _steps(value: str, kind: Kind) -> str:
    try:
        steps = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("begins like steps, but is not JSON") from None
    try:
        return to_twiml(steps, kind, "$")
    except InvalidRequestError as error:
        problems = "; ".join(f"{problem.path} {problem.message}" for problem in error.problems)
        raise ValueError(f"has steps that are not TwiML: {problems}") from None


def answer_to(number: str, kind: Kind, settings: Settings) -> Configured | None:
    """What the settings say for a number of ours, by itself or as for any; None for nothing."""
    own = own_answer_to(number, kind, settings)
    if own is not None:
        return own
    value = settings.inbound_call if kind == "call" else settings.inbound_message
    return read_answer(value, kind) if value else None


def own_answer_to(number: str, kind: Kind, settings: Settings) -> Configured | None:
    """What the settings say for this number by itself; a channel before it does not count."""
    by_number = (
        settings.inbound_call_by_number if kind == "call" else settings.inbound_message_by_number
    )
    value = by_number.get("+" + re.sub(r"\D", "", number))
    return read_answer(value, kind) if value else None
