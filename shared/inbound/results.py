"""What came of a call on its way: who answered, what was pressed, dialled and recorded."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from shared.errors import StorageUnavailableError
from shared.forms import is_sid
from shared.jobs import ids
from shared.log import log
from shared.twiml.twimlets.request import InboundEvent, find_recording_sid
from shared.twiml.twimlets.voicemail import RECORDED, read_recording

if TYPE_CHECKING:
    from datetime import datetime

    from shared.forms import Form
    from shared.jobs.events import Noted
    from shared.jobs.ids import EntryId
    from shared.services import Services
    from shared.settings import Settings
    from shared.twiml.stages import Stage
    from shared.twiml.twimlets.request import TwimletRequest

What = Literal["machine", "gather", "dial", "recording"]


class _Result(NamedTuple):
    """A kind of result: the fields that show it, those that name it, and those that are kept."""

    what: What
    shown_by: tuple[str, ...]
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
_WHAT_OF_VERB: Final[dict[str, What]] = {
    "gather": "gather",
    "record": "recording",
    "dial": "dial",
}


def read_results(
    url: str, form: Form, at: datetime, index: int | None, verb: str | None = None
) -> list[Noted]:
    """Return what a form to `url` tells, as events that are the same whenever it comes again.

    `verb` is the step of ours that the request comes from; without it the fields decide.
    """
    steps = [each for each in _STEPS if verb is None or each.what == _WHAT_OF_VERB.get(verb)]
    step = next((each for each in steps if _shows(form, each)), None)
    machine = _MACHINE if _shows(form, _MACHINE) else None
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


def _shows(form: Form, result: _Result) -> bool:
    return any(form.get(name) for name in result.shown_by)


def _key(url: str, form: Form, result: _Result) -> str:
    """Return a result's own name at Twilio; without one, what the same request always has."""
    named = [value for name in result.named_by if (value := form.get(name))]
    return "-".join(named) or _digest(url, form, result)[:16]


def _digest(url: str, form: Form, result: _Result) -> str:
    """Return a digest of a result alone: other fields of the same request do not change it."""
    import msgspec

    fields = [form.get(name) for name in ("CallSid", *result.kept)]
    return hashlib.sha256(msgspec.json.encode([url, fields])).hexdigest()


async def record_results(
    app: Services, entry_id: str, url: str, form: Form, verb: str | None = None
) -> bool:
    """Record on an entry what a form tells; False where the request is of another call.

    The caller is answered whether or not a result could be recorded. Any TwiML can lead a call to
    an address with an entry in it, so only a request of the entry's own call counts.
    """
    place, call_sid = ids.parse(entry_id), form.get("CallSid")
    if place is None or not is_sid(call_sid, "CA"):
        return False
    results = [
        noted
        for noted in read_results(url, form, app.now(), place.index, verb)
        if noted.what != "recording" or is_recording(form, app.settings)
    ]
    try:
        if not await _is_call_of(app, place, call_sid):
            return False
        for noted in results:
            await app.ledger.record(place.job_id, noted)
    except StorageUnavailableError as error:
        log("result_not_kept", level=logging.ERROR, id=place.job_id, why=str(error))
    return True


def is_recording(form: Form, settings: Settings) -> bool:
    """Tell whether a form names a recording of Twilio's, by its address and its SID."""
    url, sid = form.get("RecordingUrl"), form.get("RecordingSid")
    return bool(find_recording_sid(url, sid, settings.twilio_api_base_url))


async def _is_call_of(app: Services, place: EntryId, call_sid: str) -> bool:
    """Tell whether a call is an entry's own, or may be, as long as its SID is not known."""
    entry = await app.ledger.find(place.job_id)
    if entry is None:
        return True
    sids = {each.sid for each in entry.deliveries if each.index == (place.index or 0)}
    return sids <= {None, call_sid}


def read_stage(request: TwimletRequest, stage: Stage, entry_id: str = "") -> InboundEvent | None:
    """Return the event of a step of ours that a call comes back from, or None where it has none.

    `entry_id` is that of an outgoing call; without it the call is an inbound one.
    """
    call_sid = request.one("CallSid")
    if not is_sid(call_sid, "CA"):
        return None
    entry = {"id": entry_id} if entry_id else {}
    if stage.verb == "record":
        event = read_recording(request, RECORDED)
        if event is None or not entry_id:
            return event
        return event._replace(event="recording", details={**event.details, **entry})
    if stage.verb == "gather":
        names = {"digits": "Digits", "speech": "SpeechResult", "confidence": "Confidence"}
        sid = ""
    else:
        names = {"status": "DialCallStatus", "duration": "DialCallDuration"}
        sid = request.one("DialCallSid")
    answer = {ours: value for ours, name in names.items() if (value := request.one(name))}
    if not answer:
        return None
    if not is_sid(sid, "CA"):
        # Twilio has no name for it. The same answer at the same step of a call is the same event.
        identity = "\n".join([call_sid, stage.place, *answer.values()])
        sid = f"{stage.verb[:2].upper()}{hashlib.sha256(identity.encode()).hexdigest()[:32]}"
    return InboundEvent(
        event=stage.verb,
        sid=sid,
        from_=request.one("From"),
        to=request.one("To"),
        details={"call_sid": call_sid, **entry, **answer},
    )
