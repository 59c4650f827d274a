"""Twilio reports where a message or call is: one insert, whatever the order, once for each word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared import routes
from shared.answer.form import query_parameters
from shared.answer.forward import forward
from shared.answer.signed import signed_form
from shared.errors import NotFoundError
from shared.http_replies import empty_reply
from shared.ledger import entry_id
from shared.ledger.events import Reported
from shared.log import log

if TYPE_CHECKING:
    import azure.functions as func

    from shared.answer.form import Form
    from shared.gateway import Gateway

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
        raise NotFoundError("there is no entry of this id")
    status = _first(form, _STATUS)
    if status:
        reported = Reported(
            at=gateway.now(),
            status=status,
            sid=_first(form, _SID) or None,
            index=place.index,
            fields={name: value for name in _KEPT if (value := form.get(name))},
        )
        if await gateway.ledger.record(place.job_id, reported):
            log("reported", id=place.job_id, index=place.index, status=status, sid=reported.sid)
    target = query_parameters(req.url).get(routes.FORWARD)
    if target and not await forward(gateway.settings, target, form):
        # Twilio repeats the callback, and with it the forwarding.
        return empty_reply(502)
    return empty_reply()


def _first(form: Form, names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := form.get(name))), "")
