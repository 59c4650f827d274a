"""`POST /api/webhooks/messages`: somebody texts one of our numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from shared.answer.configured import answer_to
from shared.answer.inbound import pass_on
from shared.answer.signed import signed_form
from shared.answer.twiml_by_http import configured_reply
from shared.answer.twimlets import InboundEvent
from shared.answer.twimlets.speech import nothing
from shared.http_replies import twiml_reply

if TYPE_CHECKING:
    import azure.functions as func

    from shared.answer.form import Form
    from shared.gateway import Gateway

# https://help.twilio.com/articles/223134027: the whole text, in any case.
_STOP: Final = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
_START: Final = ("START", "UNSTOP", "YES")
_START_TOLL_FREE: Final = ("START", "UNSTOP")
_HELP: Final = ("HELP", "INFO")
_TOLL_FREE: Final = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
_EVENT: Final = {"STOP": "opt_out", "START": "opt_in"}

# What an event tells, and Twilio's name for it; what is blank is left out.
_DETAILS: Final = {
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


async def receive(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """What the settings say, once the text is on its way to the queue.

    Twilio itself replies to stop, start and help: another reply would be one too many.
    """
    form = signed_form(req, gateway)
    word = _word(form)
    await pass_on(gateway, [_event(form, _EVENT.get(word, "message"))])
    answer = None if word else answer_to(form.get("To"), "message", gateway.settings)
    if answer is None:
        return twiml_reply(nothing().twiml)
    return await configured_reply(answer, form, gateway)


def _word(form: Form) -> str:
    """STOP, START or HELP where the whole text is such a word, or Twilio says so; else blank."""
    if form.get("OptOutType") in (*_EVENT, "HELP"):
        return form.get("OptOutType")
    text = form.get("Body").strip().upper()
    start = _START_TOLL_FREE if form.get("To").startswith(_TOLL_FREE) else _START
    words = {"STOP": _STOP, "START": start, "HELP": _HELP}
    return next((word for word, known in words.items() if text in known), "")


def _event(form: Form, name: str) -> InboundEvent:
    details: dict[str, object] = {
        ours: value for ours, twilios in _DETAILS.items() if (value := form.get(twilios))
    }
    details["body"] = form.get("Body")
    details["media"] = [
        {"url": url, "content_type": form.get(f"MediaContentType{number}")}
        for number in range(_count(form.get("NumMedia")))
        if (url := form.get(f"MediaUrl{number}"))
    ]
    sid = form.get("MessageSid") or form.get("SmsSid")
    return InboundEvent(name, sid, form.get("From"), form.get("To"), details)


def _count(text: str) -> int:
    """How many media a text says that it has: at most 99."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else 0
