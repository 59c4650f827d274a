"""From what was accepted to what Twilio is asked for, one order for each recipient."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from shared import routes
from shared.jobs.alerts import notification_of
from shared.jobs.ids import recipient_id
from shared.jobs.request import REQUEST_OF_KIND, CallRequest, MessageRequest
from shared.jobs.template import fill_request
from shared.provider.provider import SendRequest
from shared.twiml.call_script import render_call_script

if TYPE_CHECKING:
    from shared.jobs.events import Accepted

# Twilio's limit for TwiML that travels with the call; error 32018 beyond it.
INLINE_TWIML: Final = 4000
_AS_THEY_ARE: Final = {
    "message": ("body", "content_sid", "validity_period", "smart_encoded", "shorten_urls"),
    "call": ("machine_detection", "record", "timeout", "time_limit", "send_digits"),
}
_CALL_EVENTS: Final = ["initiated", "ringing", "answered", "completed"]
# Twilio repeats a callback that failed, up to five times, if its URL says so:
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_REPEATED: Final = "#rc=5&rp=all"


def build_send_request(
    job_id: str, accepted: Accepted, index: int, public_base_url: str
) -> SendRequest:
    """What Twilio is asked for recipient `index` of a job."""
    request = msgspec.json.decode(accepted.request, type=REQUEST_OF_KIND[accepted.kind])
    if accepted.values:
        request = fill_request(request, accepted.values[index])
    entry_id = recipient_id(job_id, index, len(accepted.to))
    mark = notification_of(accepted)
    alert = mark and mark.alert_id
    parameters: dict[str, Any] = {
        name: value
        for name in _AS_THEY_ARE[accepted.kind]
        if (value := getattr(request, name)) is not None
    }
    if accepted.receipts:
        callback = routes.status_callback_url(
            public_base_url, entry_id, request.status_callback, accepted.trace, alert
        )
        parameters["status_callback"] = callback + _REPEATED
    if isinstance(request, MessageRequest):
        parameters |= _message(request)
    else:
        parameters |= _call(request, entry_id, public_base_url, receipts=accepted.receipts)
        url = routes.status_callback_url(public_base_url, entry_id, alert=alert)
        parameters |= _told_to(url, request)
    to = accepted.to[index]
    sender = accepted.sender_to(to) or ""
    return SendRequest(kind=accepted.kind, to=to, sender=sender, parameters=parameters)


def _message(request: MessageRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if request.media_url is not None:
        media = request.media_url
        parameters["media_url"] = [media] if isinstance(media, str) else media
    if request.messaging_service_sid is not None and request.from_ is not None:
        # The service stays the order's sender; this says which of its own it is to use.
        parameters["from_"] = request.from_
    if request.content_variables is not None:
        parameters["content_variables"] = json.dumps(request.content_variables)
    return parameters


def _call(
    request: CallRequest, entry_id: str, public_base_url: str, *, receipts: bool
) -> dict[str, Any]:
    parameters: dict[str, Any] = {"status_callback_event": _CALL_EVENTS} if receipts else {}
    if request.url is not None:
        url = routes.own_twimlet_url(request.url, public_base_url)
        parameters["url"] = routes.add_entry_to_urls(url, public_base_url, entry_id)
        return parameters
    come_back = partial(routes.call_twiml_url, public_base_url, entry_id)
    said = render_call_script(request, come_back) or request.twiml or ""
    twiml = routes.add_entry_to_urls(said, public_base_url, entry_id)
    if len(twiml) <= INLINE_TWIML:
        parameters["twiml"] = twiml
    elif request.twiml is not None:
        parameters["twiml"] = routes.add_entry_to_urls(request.twiml, public_base_url, "")
    else:
        parameters["url"] = routes.call_twiml_url(public_base_url, entry_id)
    return parameters


def _told_to(url: str, request: CallRequest) -> dict[str, Any]:
    """Where Twilio tells who answered and what was recorded.

    That is for the entry: a caller's own callback gets the statuses alone.
    """
    parameters: dict[str, Any] = {}
    if request.record:
        parameters["recording_status_callback"] = url + _REPEATED
    if request.async_amd is not None:
        # The one boolean that the library takes as a text.
        parameters["async_amd"] = "true" if request.async_amd else "false"
    if request.async_amd:
        parameters["async_amd_status_callback"] = url + _REPEATED
    return parameters
