"""Telling a Twilio client that nothing was sent, which Twilio never reports: it had nothing.

Once and without a repeat: whoever missed it can fetch the message or call, as from Twilio.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.forms import Form
from shared.inbound.forward import forward_callback
from shared.jobs.ids import EntryId
from shared.jobs.request import CallRequest
from shared.jobs.sids import format_sid
from shared.jobs.template import request_of_recipient
from shared.log import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shared.jobs.events import Outcome
    from shared.jobs.job import Job
    from shared.services import Services

# Twilio's code for an error without one of its own.
UNKNOWN_ERROR: Final = "30008"
_API_VERSION: Final = "2010-04-01"


async def report_rejected(app: Services, job: Job, outcomes: Iterable[Outcome]) -> None:
    """Report those of some outcomes after which nothing more is sent."""
    for outcome in outcomes:
        if outcome.result == "rejected":
            await _report(app, job, outcome.index, outcome.code)


async def report_given_up(app: Services, job: Job, indexes: Iterable[int]) -> None:
    """Report that a job was given up for some of its recipients."""
    for index in indexes:
        await _report(app, job, index, None)


async def _report(app: Services, job: Job, index: int, code: str | None) -> None:
    """Send a client's status callback for `failed`, as Twilio would have."""
    if job.accepted.client is None:
        return
    accepted = job.accepted
    request = request_of_recipient(accepted, index)
    if not request.status_callback:
        return
    place = EntryId(job.job, index if len(accepted.to) > 1 else None)
    sid = format_sid(accepted.kind, place)
    method = "POST"
    if isinstance(request, CallRequest):
        if "completed" not in (request.status_callback_event or ["completed"]):
            return
        method = request.status_callback_method or method
        own = {"CallSid": sid, "CallStatus": "failed", "Direction": "outbound-api"}
    else:
        own = {"MessageSid": sid, "MessageStatus": "failed", "SmsSid": sid, "SmsStatus": "failed"}
    to = accepted.to[index]
    form = own | {
        "ErrorCode": code if code and code.isdecimal() else UNKNOWN_ERROR,
        "To": to,
        "From": accepted.sender_to(to) or "",
        "AccountSid": app.settings.twilio_account_sid,
        "ApiVersion": _API_VERSION,
    }
    is_taken = await forward_callback(
        app.settings,
        request.status_callback,
        Form(form.items()),
        method=method,
        client=accepted.client,
    )
    log("failure_reported", id=job.job, index=index, taken=is_taken)
