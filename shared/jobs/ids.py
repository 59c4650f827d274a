"""Ids that sort newest first and contain their own place in the table.

An id is 22 characters of Crockford's base 32:

    day, counted down (4) · shard (1) · millisecond of the day, counted down (6) · random (11)

Day and shard are the partition, so that one day's rows spread over `SHARDS` partitions (the
service takes 2,000 rows a second in each), a look-up reads one range of one partition, and
retention deletes whole partitions. One recipient of several is the id, `-`, and its index.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
SHARDS: Final = 16
MAX_RECIPIENTS: Final = 100
LENGTH: Final = 22
_PARTITION: Final = 5
_LAST_DAY: Final = 32**4 - 1
_LAST_MILLISECOND: Final = 86_400_000 - 1
_RANDOM_BITS: Final = 55
_SEQUENCE: Final = 4
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_JOB: Final = f"[{ALPHABET}]{{{LENGTH}}}"
JOB_PATTERN: Final = rf"^{_JOB}\Z"
_PATTERN: Final = re.compile(rf"({_JOB})(?:-(0|[1-9][0-9]?))?")


@dataclass(frozen=True, slots=True)
class EntryId:
    """Where a recipient's message stands: the job's id, and which recipient of it."""

    job_id: str
    index: int | None

    @property
    def text(self) -> str:
        """The id that names it."""
        return self.job_id if self.index is None else f"{self.job_id}-{self.index}"


def _base32(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, 32)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _number(text: str) -> int:
    number = 0
    for digit in text:
        number = number * 32 + ALPHABET.index(digit)
    return number


def new_id(at: datetime, random: int) -> str:
    """The id of a job accepted `at`; `random` gives its shard and its last 55 bits."""
    shard = (random >> _RANDOM_BITS) % SHARDS
    tail = random % (1 << _RANDOM_BITS)
    return day_key(at) + ALPHABET[shard] + time_key(at) + _base32(tail, 11)


def new_batch_id(at: datetime, random: int) -> str:
    """The id of a batch; its jobs' ids follow from it, `batch_job_id`."""
    return new_id(at, random % (1 << _RANDOM_BITS))[:-_SEQUENCE] + ALPHABET[-1] * _SEQUENCE


def batch_job_id(batch_id: str, number: int) -> str:
    """The id of a batch's job `number`, from 0; the jobs take the shards in turns."""
    shard = ALPHABET[number % SHARDS]
    return f"{batch_id[:4]}{shard}{batch_rows(batch_id)}{_base32(number, _SEQUENCE)}"


def batch_rows(batch_id: str) -> str:
    """What the row keys of all jobs of a batch begin with, in every shard of its day."""
    return batch_id[_PARTITION:-_SEQUENCE]


def id_of_queue_message(message_id: str, inserted_at: datetime | None, body: bytes) -> str:
    """Return the id for a message that a program put on the queue: the same at every delivery."""
    digest = hashlib.sha256(message_id.encode() + b"\0" + body).digest()
    return new_id(inserted_at or _EPOCH, int.from_bytes(digest[:8], "big"))


def day_key(at: datetime) -> str:
    """The four characters that every id of that day (UTC) begins with; later days sort first."""
    return _base32(_LAST_DAY - (at.astimezone(UTC) - _EPOCH).days, 4)


def time_key(at: datetime) -> str:
    """What the row keys of that millisecond of a day begin with; later ones sort first."""
    since = at.astimezone(UTC) - _EPOCH
    return _base32(_LAST_MILLISECOND - since.seconds * 1000 - since.microseconds // 1000, 6)


def moment_key(at: datetime) -> str:
    """A key that sorts newest first, to the millisecond."""
    return day_key(at) + time_key(at)


def day_of(key: str) -> datetime:
    """The midnight (UTC) at which the day of an id, a partition or a day key began."""
    return _EPOCH + timedelta(days=_LAST_DAY - _number(key[:4]))


def accepted_at(job_id: str) -> datetime:
    """When an id was made, to the millisecond."""
    millisecond = _LAST_MILLISECOND - _number(job_id[_PARTITION : _PARTITION + 6])
    return day_of(job_id) + timedelta(milliseconds=millisecond)


def partition(job_id: str) -> str:
    """The table partition that holds all rows of a job."""
    return job_id[:_PARTITION]


def partitions(day: str) -> list[str]:
    """All partitions of a day key."""
    return [day + ALPHABET[shard] for shard in range(SHARDS)]


def shard(job_id: str) -> str:
    """The shard of a job: one of the `SHARDS` over which its day is spread."""
    return job_id[_PARTITION - 1]


def row(job_id: str) -> str:
    """What the row keys of a job's events begin with."""
    return job_id[_PARTITION:]


def parse(text: str) -> EntryId | None:
    """The job and recipient that an id from outside names, or None if it is not an id."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    return EntryId(match[1], None if match[2] is None else int(match[2]))


def recipient_id(job_id: str, index: int, count: int) -> str:
    """A recipient's id: the job's own where there is only one."""
    return job_id if count == 1 else f"{job_id}-{index}"
