"""Count the SMS segments of a text, which Twilio bills and by which senders are paced.

https://www.twilio.com/docs/glossary/what-sms-character-limit has the sizes. It is an estimate
in one respect: a Messaging Service can have smart encoding on without the request saying so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from shared.jobs.gsm import ALPHABET, EXTENSION, SMART
from shared.jobs.request import CallRequest

if TYPE_CHECKING:
    from collections.abc import Collection

    from shared.jobs.request import AnyRequest

Encoding = Literal["GSM-7", "UCS-2"]
_MAX_IN_ONE: Final[dict[Encoding, int]] = {"GSM-7": 160, "UCS-2": 70}
_MAX_IN_EACH_OF_SEVERAL: Final[dict[Encoding, int]] = {"GSM-7": 153, "UCS-2": 67}
_GSM: Final = ALPHABET | EXTENSION
_LAST_SINGLE: Final = "\uffff"


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as it is sent: its encoding, its segments, and the characters that are counted.

    An escaped letter of GSM-7 counts as two characters, and so does an emoji in UCS-2, being a
    pair of UTF-16 units.
    """

    encoding: Encoding
    count: int
    characters: int


def count_segments(body: str, *, smart_encoded: bool = False) -> Segments:
    """Count the segments of a text; an empty one takes one too.

    Smart encoding replaces letters only where that makes the whole text fit GSM-7.
    """
    letters = set(body)
    if smart_encoded and not letters <= _GSM:
        plain = body.translate(SMART)
        if _GSM.issuperset(plain):
            body, letters = plain, set(plain)
    if letters <= _GSM:
        return _count("GSM-7", body, letters & EXTENSION)
    return _count("UCS-2", body, {letter for letter in letters if letter > _LAST_SINGLE})


def count_request_segments(request: AnyRequest, recipients: Collection[str]) -> int | None:
    """Count the segments of a request's text, None unless all recipients get it as SMS.

    Media make it one MMS, and so does `send_as_mms`.
    """
    if isinstance(request, CallRequest) or not request.body:
        return None
    if request.media_url or request.send_as_mms:
        return None
    if ":" in "".join((request.from_ or "", *recipients)):
        return None
    return count_segments(request.body, smart_encoded=bool(request.smart_encoded)).count


def _count(encoding: Encoding, body: str, pairs: Collection[str]) -> Segments:
    """Count the segments of a text in which the letters in `pairs` count as two."""
    characters = len(body)
    if pairs:
        characters += sum(body.count(letter) for letter in pairs)
    if characters <= _MAX_IN_ONE[encoding]:
        return Segments(encoding, 1, characters)
    room = _MAX_IN_EACH_OF_SEVERAL[encoding]
    if not pairs:
        return Segments(encoding, -(-characters // room), characters)
    return Segments(encoding, _pack(body, pairs, room), characters)


def _pack(body: str, pairs: Collection[str], room: int) -> int:
    """Count the segments of a text in which a pair is never split over two."""
    count, used = 1, 0
    for letter in body:
        width = 2 if letter in pairs else 1
        if used + width > room:
            count, used = count + 1, 0
        used += width
    return count
