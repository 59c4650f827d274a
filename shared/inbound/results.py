"""What came of a call on its way: who answered, what was pressed, dialled and recorded."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from shared.errors import StorageUnavailableError
from shared.jobs import ids
from shared.log import log

if TYPE_CHECKING:
    from datetime import datetime

    from shared.forms import Form
    from shared.jobs.events import Noted
    from shared.services import Services


class _Result(NamedTuple):
    """A kind of result: the fields of which one tells that it is there, and what is kept of it."""

    what: Literal["machine", "gather", "dial", "recording"]
    told_by: tuple[str, ...]
    named_by: tuple[str, ...]
    kept: tuple[str, ...]


_MACHINE: Final = _Result(
    "machine", ("AnsweredBy",), ("CallSid",), ("AnsweredBy", "MachineDetectionDuration")
)
# One request tells of one of these; a recorded Dial tells of its recording too, a Record of the
# key that ended it.
_STEPS: Final = (
    _Result(
        "dial",
        ("DialCallStatus",),
        ("DialCallSid",),
        ("DialCallStatus", "DialCallSid", "DialCallDuration", "DialBridged", "RecordingUrl"),
    ),
    _Result(
        "recording",
        ("RecordingUrl", "RecordingSid"),
        ("RecordingSid", "RecordingStatus"),
        ("RecordingSid", "RecordingUrl", "RecordingStatus", "RecordingDuration",
         "RecordingSource", "RecordingChannels", "Digits"),
    ),
    _Result(
        "gather",
        ("Digits", "SpeechResult"),
        (),
        ("Digits", "FinishedOnKey", "SpeechResult", "Confidence"),
    ),
)  # fmt: skip


def read_results(url: str, form: Form, at: datetime, index: int | None) -> list[Noted]:
    """What a form to `url` tells, as events that are the same whenever it comes again."""
    step = next((each for each in _STEPS if _tells(form, each)), None)
    machine = _MACHINE if _tells(form, _MACHINE) else None
    if machine is None and step is None:
        return []
    from shared.jobs.events import Noted

    return [
        Noted(
            at=at,
            what=each.what,
            key=_key(url, form, each),
            index=index,
            fields={name: value for name in each.kept if (value := form.get(name))},
        )
        for each in (machine, step)
        if each is not None
    ]


def _tells(form: Form, result: _Result) -> bool:
    return any(form.get(name) for name in result.told_by)


def _key(url: str, form: Form, result: _Result) -> str:
    """A result's own name at Twilio; where it has none, the same for the same signed request."""
    import msgspec

    named = [value for name in result.named_by if (value := form.get(name))]
    request = msgspec.json.encode([url, form.pairs])
    return "-".join(named) or hashlib.sha256(request).hexdigest()[:16]


async def record_results(app: Services, entry: str, url: str, form: Form) -> None:
    """Note on an entry what a form tells; a caller hears the answer whether or not it is kept."""
    place = ids.parse(entry)
    if place is None:
        return
    try:
        for noted in read_results(url, form, app.now(), place.index):
            await app.ledger.record(place.job_id, noted)
    except StorageUnavailableError as error:
        log("result_not_kept", level=logging.ERROR, id=place.job_id, why=str(error))
