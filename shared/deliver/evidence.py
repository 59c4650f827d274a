"""Evidence: which of the messages and calls that Twilio lists can be the one in doubt.

Nothing that the app can set comes back on Twilio's resources, so a record is compared by what it
shows: its direction, Messaging Service, number of media, body and time. Records that fit are
adopted in the order of how much that proves, so that the weakest evidence is used last.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from shared.provider.provider import is_messaging_service

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from shared.provider.provider import SendRequest, TwilioRecord

# Every other direction belongs to TwiML, to a leg of <Dial>, or to another program's flow.
_OURS: Final = "outbound-api"
_TRIAL_PREFIX: Final = "Sent from your Twilio trial account - "
_LINK: Final = re.compile(r"\S*[./]\S*")
# Stands for whatever Twilio may have put in that place.
_ANYTHING: Final = "\ufffd"
# Someone else in doubt may have stronger evidence for a record, and takes it first.
_WAIT_PER_RANK: Final = timedelta(seconds=5)


class Strength(IntEnum):
    """How much a record proves, from least to most.

    `UNCOMPARED`: nothing to compare (a call, a template, media only, a redacted body).
    `EXTENDED`: the body with words of Twilio's behind it, such as "Reply STOP to opt out".
    `REWRITTEN`: the body with characters or links replaced, or words of Twilio's before it.
    `EXACT`: the body as it was asked for.
    """

    UNCOMPARED = 1
    EXTENDED = 2
    REWRITTEN = 3
    EXACT = 4


@dataclass(frozen=True)
class Evidence:
    """A record that fits, how much it proves, and how long stronger claims to it come first."""

    record: TwilioRecord
    strength: Strength
    precedence: timedelta


def rank_evidence(
    request: SendRequest, records: Iterable[TwilioRecord], until: datetime
) -> list[Evidence]:
    """Return the records created until `until` that can be the request's, strongest first."""
    fitting = [
        Evidence(record, strength, _precedence(request, strength))
        for record in records
        if record.created_at <= until
        and (strength := measure_strength(request, record)) is not None
    ]
    return sorted(fitting, key=lambda each: (-each.strength, each.record.created_at))


def measure_strength(request: SendRequest, record: TwilioRecord) -> Strength | None:
    """Return how much a record proves, or None where it is another message or call."""
    if record.direction != _OURS:
        return None
    if request.kind == "call":
        return Strength.UNCOMPARED
    service = request.sender if is_messaging_service(request.sender) else ""
    if (record.messaging_service_sid or "").lower() != service.lower():
        return None
    is_redacted = not record.body and not record.num_media
    if is_redacted or request.parameters.get("content_sid"):
        return Strength.UNCOMPARED
    media = request.parameters.get("media_url") or ()
    if record.num_media is not None and record.num_media != len(media):
        return None
    body = request.parameters.get("body")
    if not body:
        return Strength.UNCOMPARED
    is_shortened = bool(request.parameters.get("shorten_urls"))
    return _compare_bodies(body, record.body or "", is_shortened=is_shortened)


def _precedence(request: SendRequest, strength: Strength) -> timedelta:
    # All evidence for a call is of one strength.
    return timedelta() if request.kind == "call" else _WAIT_PER_RANK * (Strength.EXACT - strength)


def _compare_bodies(body: str, listed: str, *, is_shortened: bool) -> Strength | None:
    """Compare a body with the one that Twilio lists.

    Twilio may put similar characters in place of some (smart encoding, which a Messaging Service
    can do by itself), other links (`shorten_urls`), and words of its own before the text (trial
    accounts) or behind it (opt-out instructions). Taking that for another message would send ours
    twice.
    """
    if listed == body:
        return Strength.EXACT
    if is_shortened:
        body = _LINK.sub(_ANYTHING, body)
    if not _lasting(body):
        return (
            Strength.REWRITTEN if _lasting(_similar(body)) == _lasting(_similar(listed)) else None
        )
    listed = listed.removeprefix(_TRIAL_PREFIX)
    parts, text, borders = _parts_of(body), *_text_of(listed)
    if _has_parts(parts, text, borders, borders[-1:]):
        return Strength.REWRITTEN
    parts, text, borders = _parts_of(_similar(body)), *_text_of(_similar(listed))
    return Strength.EXTENDED if _has_parts(parts, text, borders[:1], borders) else None


def _parts_of(body: str) -> list[str]:
    """Return what lasts of a body, split where Twilio may have put anything."""
    return _lasting(body, _ANYTHING).split(_ANYTHING)


def _text_of(listed: str) -> tuple[str, list[int]]:
    """Return what lasts of a listed body, and the places in it where words begin and end."""
    words = [_lasting(word) for word in listed.split()]
    return "".join(words), list(accumulate(map(len, words), initial=0))


def _has_parts(parts: list[str], text: str, begins: list[int], ends: list[int]) -> bool:
    """Whether `text` has the parts in order, from one of `begins` up to one of `ends`."""
    first, *rest = parts
    for begin in begins:
        if not text.startswith(first, begin):
            continue
        at = begin + len(first)
        for part in rest[:-1]:
            found = text.find(part, at)
            at = found + len(part) if found >= 0 else len(text) + 1
        last = rest[-1] if rest else ""
        if any(text.endswith(last, at, end) for end in ends if rest or end == at):
            return True
    return False


def _similar(text: str) -> str:
    """Return a text with its compatible characters made the same, as ½ and its digits."""
    return unicodedata.normalize("NFKC", text)


def _lasting(text: str, instead: str = "") -> str:
    """Return the letters and digits that nothing replaces, and `instead` of what something may."""
    return "".join(
        each if _lasts(each) else "" if _vanishes(each) else instead
        for each in unicodedata.normalize("NFD", text)
    )


def _vanishes(each: str) -> bool:
    """Whether a character is punctuation, a space, or the accent of the letter before it."""
    return each.isascii() or unicodedata.combining(each) > 0


def _lasts(each: str) -> bool:
    """Whether a character is a letter or digit of ASCII, or a plain letter of another script."""
    if each.isascii():
        return each.isalnum()
    return (
        unicodedata.category(each) in {"Lo", "Lu", "Ll"}
        and not unicodedata.decomposition(each)
        and "LATIN" not in unicodedata.name(each, "LATIN")
    )
