"""Twilio reports where a message or call is: one insert each, whatever the order.

What came of a call on its way (an answering machine, a recording) comes to the same URL.
"""

from __future__ import annotations

import logging
from itertools import product
from typing import TYPE_CHECKING, Final

from shared import routes
from shared.forms import Form, is_sid, query_parameters
from shared.inbound.events import publish
from shared.inbound.forward import forward_callback
from shared.inbound.results import is_recording, read_results
from shared.jobs import ids
from shared.jobs.events import Reported
from shared.jobs.sids import format_sid
from shared.ledger.opt_outs import OptOut
from shared.log import follow_trace, log
from shared.provider.codes import OPTED_OUT
from shared.triggers.responses import empty_response
from shared.triggers.signed import public_url, require_signed_form
from shared.twiml.twimlets import InboundEvent

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.jobs.ids import EntryId
    from shared.kinds import Kind

# The fields that are kept: nothing that says who somebody is.
_KEPT: Final = (
    "ErrorCode", "ErrorMessage", "SequenceNumber", "Timestamp", "CallDuration", "Duration",
    "SipResponseCode", "AnsweredBy", "RawDlrDoneDate", "ChannelStatusMessage", "RecordingSid",
    "RecordingUrl", "RecordingDuration", "CallbackSource",
)  # fmt: skip
# Other statuses change nothing for the alert that somebody is notified of.
_ENDS_ALERT: Final = frozenset({"delivered", "read", "completed"})
_STATUS: Final = ("MessageStatus", "SmsStatus", "CallStatus")
_SID: Final = ("MessageSid", "SmsSid", "CallSid")
# Which event of a call's `status_callback_event` a status belongs to; all others end the call.
_EVENT_OF_STATUS: Final = {
    "queued": "initiated",
    "initiated": "initiated",
    "ringing": "ringing",
    "in-progress": "answered",
}


async def report(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer 204 once the report is kept, and pass it on where the request asked for that."""
    form = require_signed_form(req, app)
    place = ids.parse(req.route_params["id"])
    if place is None:
        # An entry of this id cannot exist: there is nothing to keep the report for.
        return empty_response()
    query = query_parameters(req.url)
    follow_trace(query.get(routes.TRACE) or None)
    if status := _first(form, _STATUS):
        await _note_status(app, place, form, status)
    else:
        await _note_results(app, place, public_url(req, app.settings), form)
    if alert_id := query.get(routes.ALERT_ID):
        await _look_at_alert(app, alert_id, place, status)
    if query.get(routes.FORWARD) and not await _forward(app, place, query, form):
        # Twilio repeats the callback, and with it the forwarding.
        return empty_response(502)
    return empty_response()


async def _look_at_alert(app: App, alert_id: str, place: EntryId, status: str) -> None:
    """See to it that what was reported of a notification reaches its alert."""
    if status and status not in _ENDS_ALERT:
        return
    from shared.deliver.alerts import note_report

    await note_report(app, alert_id, place.job_id)


async def _forward(app: App, place: EntryId, query: Form, form: Form) -> bool:
    """Pass a report on as the request asked for it; return False if nobody took it.

    A Twilio client knows its message or call by the SID that we gave it.
    """
    events = query.get(routes.EVENTS)
    status = form.get("CallStatus")
    if events and status and _EVENT_OF_STATUS.get(status, "completed") not in events.split(","):
        return True
    client = query.get(routes.CLIENT) or None
    if client:
        kind: Kind = "call" if "CallSid" in form else "message"
        sid = format_sid(kind, place)
        form = Form((name, sid if name in _SID else value) for name, value in form.pairs)
    url, method = query.get(routes.FORWARD), query.get(routes.METHOD, "POST")
    return await forward_callback(app.settings, url, form, method=method, client=client)


async def _note_status(app: App, place: EntryId, form: Form, status: str) -> None:
    sid = _first(form, _SID)
    if sid and not is_sid(sid, "SM", "MM", "CA"):
        log("report_without_sid", id=place.job_id, level=logging.WARNING)
        return
    reported = Reported(
        at=app.now(),
        status=status,
        sid=sid or None,
        index=place.index,
        fields={name: value for name in _KEPT if (value := form.get(name))},
    )
    if await app.ledger.record(place.job_id, reported):
        log("reported", id=place.job_id, index=place.index, status=status, sid=reported.sid)
    if form.get("ErrorCode") == OPTED_OUT:
        await _remember_stop(app, place, form, reported.name)


async def _remember_stop(app: App, place: EntryId, form: Form, name: str) -> None:
    """Remember that somebody has opted out, which Twilio may report here alone.

    The callback can lack who it is about, or name a number of a Messaging Service's pool: sender
    and recipient are the entry's, and the callback's beside them. Every such report is remembered,
    since the note may have failed before, but as of the first time: a callback that is repeated
    after a start stops nobody again.
    """
    entry = await app.ledger.find(place.job_id)
    said_at = [event.at for event in entry.events if event.name == name] if entry else []
    numbers, senders = {form.get("To")}, {form.get("From"), form.get("MessagingServiceSid")}
    accepted, index = entry.accepted if entry else None, place.index or 0
    if accepted is not None and index < len(accepted.to):
        to = accepted.to[index]
        numbers.add(to)
        senders.add(accepted.sender_to(to) or "")
    for number, sender in product(sorted(numbers - {""}), sorted(senders - {""})):
        stop = OptOut(at=min(said_at, default=app.now()), number=number, sender=sender,
                      says="stop", sid=_first(form, _SID))  # fmt: skip
        await app.ledger.opt_outs.note(stop)


async def _note_results(app: App, place: EntryId, url: str, form: Form) -> None:
    """Record what came of a call; a recording is published too, if it is one of Twilio's."""
    if not is_sid(form.get("CallSid"), "CA"):
        return
    for noted in read_results(url, form, app.now(), place.index):
        if noted.what != "recording":
            await app.ledger.record(place.job_id, noted)
        elif is_recording(form, app.settings):
            await app.ledger.record(place.job_id, noted)
            await publish(app, [await _recording(app, place, form)], form=form)


async def _recording(app: App, place: EntryId, form: Form) -> InboundEvent:
    """Return the event of a recording, whose callback names the call and nobody in it."""
    entry = await app.ledger.find(place.job_id)
    accepted = entry.accepted if entry else None
    recipients = dict(enumerate(accepted.to)) if accepted else {}
    sender = accepted.sender if accepted else None
    duration = form.get("RecordingDuration")[:9]
    details: dict[str, object] = {
        "id": place.text,
        "call_sid": form.get("CallSid"),
        "recording_url": form.get("RecordingUrl"),
        "duration": int(duration) if duration.isascii() and duration.isdecimal() else 0,
        "status": form.get("RecordingStatus"),
    }
    to = recipients.get(place.index or 0, "")
    return InboundEvent("recording", form.get("RecordingSid"), sender or "", to, details)


def _first(form: Form, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := form.get(name))), "")
