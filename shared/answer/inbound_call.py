"""`POST /api/webhooks/calls`: somebody calls one of our numbers, or a Twilio Client calls out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from shared.answer.client_call import CLIENT, dial
from shared.answer.configured import answer_to, own_answer_to
from shared.answer.inbound import pass_on
from shared.answer.signed import public_url, signed_form
from shared.answer.twiml_by_http import asked, configured_reply
from shared.answer.twimlets import InboundEvent
from shared.answer.twimlets.speech import apology
from shared.answer.twimlets.voicemail import recorded
from shared.http_replies import twiml_reply

if TYPE_CHECKING:
    import azure.functions as func

    from shared.answer.form import Form
    from shared.gateway import Gateway

_NOBODY: Final = "Sorry, nobody can take your call at the moment. Good bye."
_DETAILS: Final = {
    "status": "CallStatus",
    "direction": "Direction",
    "forwarded_from": "ForwardedFrom",
    "caller_name": "CallerName",
    "from_country": "FromCountry",
}


async def receive(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """What the settings say to a caller; a client is connected with whom it asks for."""
    form = signed_form(req, gateway)
    # A Record in the settings' steps comes back here too, and its callbacks may.
    told = recorded(asked(public_url(req, gateway.settings), form, gateway.settings))
    await pass_on(gateway, [told or _event(form)])
    settings, to = gateway.settings, form.get("To")
    calls_out = form.get("From").startswith(CLIENT) and to not in ("", settings.twilio_from_number)
    answer = (own_answer_to if calls_out else answer_to)(to, "call", settings)
    if answer is not None:
        return await configured_reply(answer, form, gateway)
    return twiml_reply(dial(to, settings) if calls_out else apology(_NOBODY).twiml)


def _event(form: Form) -> InboundEvent:
    details = {ours: value for ours, twilios in _DETAILS.items() if (value := form.get(twilios))}
    return InboundEvent("call", form.get("CallSid"), form.get("From"), form.get("To"), details)
