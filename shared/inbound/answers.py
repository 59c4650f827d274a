"""What INBOUND_CALL and INBOUND_MESSAGE may say: a twimlet with its query, steps, or a URL."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from shared.errors import InvalidRequestError
from shared.routes import inbound_stage_url
from shared.twiml.steps import render_steps
from shared.twiml.text import render, validate_characters
from shared.twiml.twimlets import TWIMLETS
from shared.twiml.verbs import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from shared.kinds import Kind
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
class ConfiguredAnswer:
    """What to answer: the page of a twimlet (`name?query`), or a document, perhaps of `steps`."""

    page: str = ""
    twiml: str = ""
    steps: tuple[Any, ...] = ()


@cache
def parse_answer(value: str, kind: Kind) -> ConfiguredAnswer:
    """Return what a setting says for calls or for messages.

    A query may be written as people read it, with spaces, and in several lines.

    Raises:
        ValueError: it is none of the three; the message says what is wrong, and not the value.
    """
    value = value.strip()
    if value.startswith("["):
        return _steps(value, kind)
    if _URL.fullmatch(value) and not validate_characters(value, ""):
        response = RESPONSES[kind]()
        response.redirect(value)
        return ConfiguredAnswer(twiml=render(response))
    name, _, query = re.sub(r"\s*\n\s*", "", value).partition("?")
    if name not in _TWIMLETS[kind]:
        twimlets = ", ".join(_TWIMLETS[kind])
        raise ValueError(f"must be a twimlet ({twimlets}) with its query, steps as JSON, or a URL")
    return ConfiguredAnswer(page=f"{name}?{quote(query, safe=_IN_QUERIES)}" if query else name)


def _steps(value: str, kind: Kind) -> ConfiguredAnswer:
    try:
        steps = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("begins like steps, but is not JSON") from None
    come_back = inbound_stage_url if kind == "call" else None
    try:
        twiml = render_steps(steps, kind, "$", come_back=come_back)
    except InvalidRequestError as error:
        problems = "; ".join(f"{problem.path} {problem.message}" for problem in error.problems)
        raise ValueError(f"has steps that are not TwiML: {problems}") from None
    return ConfiguredAnswer(twiml=twiml, steps=tuple(steps))


def find_answer(number: str, kind: Kind, settings: Settings) -> ConfiguredAnswer | None:
    """Return what the settings say for a number of ours, by itself or for any; None for nothing."""
    own = find_own_answer(number, kind, settings)
    if own is not None:
        return own
    value = settings.inbound_call if kind == "call" else settings.inbound_message
    return parse_answer(value, kind) if value else None


def find_own_answer(number: str, kind: Kind, settings: Settings) -> ConfiguredAnswer | None:
    """Return what the settings say for this number by itself, with or without a channel."""
    by_number = (
        settings.inbound_call_by_number if kind == "call" else settings.inbound_message_by_number
    )
    value = by_number.get("+" + re.sub(r"\D", "", number))
    return parse_answer(value, kind) if value else None
