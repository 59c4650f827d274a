"""SIDs of our own, for programs that speak Twilio's API: known before Twilio's are.

A SID is `SM` or `CA` and 32 hexadecimal digits: the mark `5b`, then 120 bits, of which the lowest
110 are the job's id and the others which recipient of it (0: not one of several). So a SID is an
id in another notation, and nothing has to be kept to read one as the other. About one in 2,600 of
Twilio's own SIDs looks like one of ours: a reader that finds nothing under the id must still look
for Twilio's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.jobs import ids
from shared.jobs.ids import EntryId

if TYPE_CHECKING:
    from shared.kinds import Kind

PREFIX_OF_KIND: Final[dict[Kind, str]] = {"message": "SM", "call": "CA"}
_MARK: Final = "5b"
_DIGITS: Final = 30
_BITS_OF_LETTER: Final = 5
_JOB_BITS: Final = ids.LENGTH * _BITS_OF_LETTER
_PATTERN: Final = re.compile(rf"(SM|CA){_MARK}([0-9a-f]{{{_DIGITS}}})")


def format_sid(kind: Kind, entry: EntryId) -> str:
    """Return our SID of an entry."""
    number = 0
    for letter in entry.job_id:
        number = number << _BITS_OF_LETTER | ids.ALPHABET.index(letter)
    place = 0 if entry.index is None else entry.index + 1
    return f"{PREFIX_OF_KIND[kind]}{_MARK}{place << _JOB_BITS | number:0{_DIGITS}x}"


def parse_sid(kind: Kind, sid: str) -> EntryId | None:
    """Return the entry that a SID of ours names, or None if it is not one of ours."""
    match = _PATTERN.fullmatch(sid)
    if match is None or match[1] != PREFIX_OF_KIND[kind]:
        return None
    number = int(match[2], 16)
    place, number = number >> _JOB_BITS, number & (1 << _JOB_BITS) - 1
    if place > ids.MAX_RECIPIENTS:
        return None
    shifts = range(_JOB_BITS - _BITS_OF_LETTER, -1, -_BITS_OF_LETTER)
    job_id = "".join(ids.ALPHABET[number >> shift & len(ids.ALPHABET) - 1] for shift in shifts)
    return EntryId(job_id, place - 1 if place else None)
