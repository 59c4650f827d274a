"""Twilio reports where a message or call is: one insert, whatever the order, once for each word.

What came of a call on its way (an answering machine, a recording) comes to the same URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared import routes
from shared.answer.form import query_parameters
from shared.answer.forward import forward
from shared.answer.inbound import pass_on
from shared.answer.results import results
from shared.answer.signed import public_url, signed_form
from shared.answer.twimlets import InboundEvent
from shared.carrier.codes import OPTED_OUT
from shared.http_replies import empty_reply
from shared.ledger import entry_id
from shared.ledger.opt_outs import OptOut
from shared.log import log
from shared.tracing import follow

if TYPE_CHECKING:
    import azure.functions as func

    from shared.answer.form import Form
    from shared.gateway import Gateway
    from shared.ledger.entry_id import Place

# What is kept of Twilio's words: nothing that says who somebody is.
_KEPT: Final = (
    "ErrorCode", "ErrorMessage", "SequenceNumber", "Timestamp", "CallDuration", "Duration",
    "SipResponseCode", "AnsweredBy", "RawDlrDoneDate", "ChannelStatusMessage", "RecordingSid",
    "RecordingUrl", "RecordingDuration", "CallbackSource",
)  # fmt: skip
_STATUS: Final = ("MessageStatus", "SmsStatus", "CallStatus")
_SID: Final = ("MessageSid", "SmsSid", "CallSid")


async def report(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """204 once the report is kept, known id or not; it is passed on where the caller asked so."""
    form = signed_form(req, gateway)
    place = entry_id.parse(req.route_params["id"])
    if place is None:
        # No entry will ever have this id: there is nothing to keep the report for.
        return empty_reply()
    query = query_parameters(req.url)
    follow(query.get(routes.TRACE) or None)
    if status := _first(form, _STATUS):
        await _note_status(gateway, place, form, status)
    else:
        await _note_results(gateway, place, public_url(req, gateway.settings), form)
    target = query.get(routes.FORWARD)
    if target and not await forward(gateway.settings, target, form):
        # Twilio repeats the callback, and with it the forwarding.
        return empty_reply(502)
    return empty_reply()


async def _note_status(gateway: Gateway, place: Place, form: Form, status: str) -> None:
    from shared.ledger.events import Reported

    reported = Reported(
        at=gateway.now(),
        status=status,
        sid=_first(form, _SID) or None,
        index=place.index,
        fields={name: value for name in _KEPT if (value := form.get(name))},
    )
    if await gateway.ledger.record(place.job_id, reported):
        log("reported", id=place.job_id, index=place.index, status=status, sid=reported.sid)
    if form.get("ErrorCode") == OPTED_OUT:
        await _remember_stop(gateway, place, form, reported.name)


async def _remember_stop(gateway: Gateway, place: Place, form: Form, name: str) -> None:
    """With a Messaging Service, Twilio tells only here that somebody has opted out.

    Every time it does, since the note may have failed before; but as of the first time, so that
    a callback that is repeated after a start stops nobody again.
    """
    entry = await gateway.ledger.find(place.job_id)
    said_at = [event.at for event in entry.events if event.name == name] if entry else []
    for sender in filter(None, (form.get("From"), form.get("MessagingServiceSid"))):
        stop = OptOut(at=min(said_at, default=gateway.now()), number=form.get("To"), sender=sender,
                      says="stop", sid=_first(form, _SID))  # fmt: skip
        await gateway.ledger.opt_outs.note(stop)


async def _note_results(gateway: Gateway, place: Place, url: str, form: Form) -> None:
    for noted in results(url, form, gateway.now(), place.index):
        await gateway.ledger.record(place.job_id, noted)
        if noted.what == "recording":
            await pass_on(gateway, [await _recording(gateway, place, form)])


async def _recording(gateway: Gateway, place: Place, form: Form) -> InboundEvent:
    """A recording's callback names the call and nobody in it; the entry knows them."""
    entry = await gateway.ledger.find(place.job_id)
    accepted = entry.accepted if entry else None
    recipients = dict(enumerate(accepted.to)) if accepted else {}
    sender = accepted.sender if accepted else None
    duration = form.get("RecordingDuration")
    details: dict[str, object] = {
        "id": place.text,
        "call_sid": form.get("CallSid"),
        "recording_url": form.get("RecordingUrl"),
        "duration": int(duration) if duration.isdecimal() else 0,
        "status": form.get("RecordingStatus"),
    }
    to = recipients.get(place.index or 0, "")
    return InboundEvent("recording", form.get("RecordingSid"), sender or "", to, details)


def _first(form: Form, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := form.get(name))), "")
