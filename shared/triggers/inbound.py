"""Webhooks of our own numbers: somebody calls or texts us, or a Twilio Client calls out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.inbound.answers import find_answer, find_own_answer
from shared.inbound.client_call import CLIENT, dial_from_client
from shared.inbound.events import publish
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.triggers.twimlets import configured_response, twimlet_request
from shared.twiml.twimlets import InboundEvent
from shared.twiml.twimlets.speech import apology, say_nothing
from shared.twiml.twimlets.voicemail import recorded

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.forms import Form

_NOBODY: Final = "Sorry, nobody can take your call at the moment. Good bye."
_CALL_DETAILS: Final = {
    "status": "CallStatus",
    "direction": "Direction",
    "forwarded_from": "ForwardedFrom",
    "caller_name": "CallerName",
    "from_country": "FromCountry",
}

# The whole text, in any letter case: https://help.twilio.com/articles/223134027
_STOP: Final = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
_START: Final = ("START", "UNSTOP", "YES")
_START_TOLL_FREE: Final = ("START", "UNSTOP")
_HELP: Final = ("HELP", "INFO")
_TOLL_FREE: Final = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
_EVENT_OF_KEYWORD: Final = {"STOP": "opt_out", "START": "opt_in"}

# The fields of a message event, and Twilio's names for them; blank ones are left out.
_MESSAGE_DETAILS: Final = {
    "body": "Body",
    "messaging_service_sid": "MessagingServiceSid",
    "num_segments": "NumSegments",
    "opt_out_type": "OptOutType",
    "profile_name": "ProfileName",
    "wa_id": "WaId",
    "button_text": "ButtonText",
    "button_payload": "ButtonPayload",
    "latitude": "Latitude",
    "longitude": "Longitude",
    "in_reply_to": "OriginalRepliedMessageSid",
    "from_country": "FromCountry",
}


async def receive_call(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer a caller as the settings say; connect a client with the number that it calls."""
    form = require_signed_form(req, app)
    settings, to = app.settings, form.get("To")
    # A Record in the settings' steps comes back here too, and its callbacks may.
    recording = recorded(twimlet_request(public_url(req, settings), form, settings))
    await publish(app, [recording or _call_event(form)])
    calls_out = form.get("From").startswith(CLIENT) and to not in ("", settings.twilio_from_number)
    answer = (find_own_answer if calls_out else find_answer)(to, "call", settings)
    if answer is not None:
        return await configured_response(answer, form, app)
    return twiml_response(dial_from_client(to, settings) if calls_out else apology(_NOBODY).twiml)


async def receive_message(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Publish the text, then answer as the settings say.

    Twilio itself replies to stop, start and help: a reply of ours would be a second one.
    """
    form = require_signed_form(req, app)
    keyword = _keyword(form)
    await publish(app, [_message_event(form, _EVENT_OF_KEYWORD.get(keyword, "message"))])
    answer = None if keyword else find_answer(form.get("To"), "message", app.settings)
    if answer is None:
        return twiml_response(say_nothing().twiml)
    return await configured_response(answer, form, app)


def _call_event(form: Form) -> InboundEvent:
    details = {ours: value for ours, name in _CALL_DETAILS.items() if (value := form.get(name))}
    return InboundEvent("call", form.get("CallSid"), form.get("From"), form.get("To"), details)


def _message_event(form: Form, event: str) -> InboundEvent:
    details: dict[str, object] = {
        ours: value for ours, name in _MESSAGE_DETAILS.items() if (value := form.get(name))
    }
    details["body"] = form.get("Body")
    details["media"] = [
        {"url": url, "content_type": form.get(f"MediaContentType{number}")}
        for number in range(_count(form.get("NumMedia")))
        if (url := form.get(f"MediaUrl{number}"))
    ]
    sid = form.get("MessageSid") or form.get("SmsSid")
    return InboundEvent(event, sid, form.get("From"), form.get("To"), details)


def _keyword(form: Form) -> str:
    """STOP, START or HELP where the whole text is such a keyword, or Twilio says so; else blank."""
    if form.get("OptOutType") in (*_EVENT_OF_KEYWORD, "HELP"):
        return form.get("OptOutType")
    text = form.get("Body").strip().upper()
    start = _START_TOLL_FREE if form.get("To").startswith(_TOLL_FREE) else _START
    keywords = {"STOP": _STOP, "START": start, "HELP": _HELP}
    return next((keyword for keyword, texts in keywords.items() if text in texts), "")


def _count(text: str) -> int:
    """Read how many media a text has: at most 99."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else 0
