"""From what was accepted to what Twilio is asked for, one request for each recipient."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from shared import routes
from shared.jobs.alerts import notification_of
from shared.jobs.ids import recipient_id
from shared.jobs.request import PASSED_ON, CallRequest, MessageRequest
from shared.jobs.template import request_of_recipient
from shared.ledger.index import ERASED
from shared.provider.provider import SendRequest
from shared.twiml.call_script import render_call_script

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.jobs.events import Accepted

# Twilio's limit for TwiML that travels with the call; error 32018 beyond it.
INLINE_TWIML: Final = 4000
_CALL_EVENTS: Final = ["initiated", "ringing", "answered", "completed"]
# Twilio repeats a callback that failed, up to five times, if its URL says so:
# https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
_REPEATED: Final = "#rc=5&rp=all"


class UnsendableError(Exception):
    """What was accepted for one recipient makes no request; the cause says why."""


def build_send_request(
    job_id: str, accepted: Accepted, index: int, public_base_url: str
) -> SendRequest:
    """Return what Twilio is asked for recipient `index` of a job.

    Raises:
        UnsendableError: nothing can be asked for this recipient.
    """
    try:
        return _build(job_id, accepted, index, public_base_url)
    except Exception as error:
        raise UnsendableError(type(error).__name__) from error


def _build(job_id: str, accepted: Accepted, index: int, public_base_url: str) -> SendRequest:
    if accepted.to[index] == ERASED:
        raise ValueError("the recipient was erased")
    request = request_of_recipient(accepted, index)
    entry_id = recipient_id(job_id, index, len(accepted.to))
    mark = notification_of(accepted)
    parameters: dict[str, Any] = {
        name: value
        for name in PASSED_ON[accepted.kind]
        if (value := getattr(request, name)) is not None
    }
    callback_url = partial(
        routes.status_callback_url,
        public_base_url,
        entry_id,
        client=accepted.client,
        alert=mark and mark.alert_id,
    )
    if isinstance(request, MessageRequest):
        callback = callback_url(request.status_callback, accepted.trace)
        parameters |= _message(request)
    else:
        callback = callback_url(
            request.status_callback,
            accepted.trace,
            events=request.status_callback_event or (),
            method=request.status_callback_method,
        )
        parameters |= _call(request, entry_id, public_base_url, receipts=accepted.receipts)
        parameters |= _result_callbacks(request, callback_url)
    if accepted.receipts:
        parameters["status_callback"] = callback + _REPEATED
    to = accepted.to[index]
    sender = accepted.sender_to(to) or ""
    return SendRequest(kind=accepted.kind, to=to, sender=sender, parameters=parameters)


def _message(request: MessageRequest) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    if request.media_url is not None:
        media = request.media_url
        parameters["media_url"] = [media] if isinstance(media, str) else media
    if request.messaging_service_sid is not None and request.from_ is not None:
        # The service stays the sender; this says which of its numbers it is to use.
        parameters["from_"] = request.from_
    if request.content_variables is not None:
        parameters["content_variables"] = json.dumps(request.content_variables)
    return parameters


def _call(
    request: CallRequest, entry_id: str, public_base_url: str, *, receipts: bool
) -> dict[str, Any]:
    parameters: dict[str, Any] = {"status_callback_event": _CALL_EVENTS} if receipts else {}
    if request.fallback_url is not None:
        url = routes.own_twimlet_url(request.fallback_url, public_base_url)
        parameters["fallback_url"] = routes.add_entry_to_urls(url, public_base_url, entry_id)
    if request.application_sid is not None:
        return parameters
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


def _result_callbacks(request: CallRequest, callback_url: Callable[..., str]) -> dict[str, Any]:
    """Return where Twilio reports who answered and what was recorded.

    That is for the entry, and forwarded to a callback of the caller's for just this; the caller's
    `status_callback` gets the statuses alone.
    """
    parameters: dict[str, Any] = {}
    if request.record:
        callback = callback_url(
            request.recording_status_callback, method=request.recording_status_callback_method
        )
        parameters["recording_status_callback"] = callback + _REPEATED
    if request.async_amd is not None:
        # The one boolean that the library takes as a text.
        parameters["async_amd"] = "true" if request.async_amd else "false"
    if request.async_amd:
        callback = callback_url(
            request.async_amd_status_callback, method=request.async_amd_status_callback_method
        )
        parameters["async_amd_status_callback"] = callback + _REPEATED
    return parameters
