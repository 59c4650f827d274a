"""Webhooks of our own numbers: somebody calls or texts us, or a Twilio Client calls out."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final

from twilio.twiml.messaging_response import MessagingResponse

from shared import routes
from shared.errors import StorageUnavailableError
from shared.forms import is_sid
from shared.inbound.answers import find_answer, find_own_answer
from shared.inbound.client_call import CLIENT, dial_from_client, refuse_number
from shared.inbound.events import publish
from shared.log import log
from shared.phone_numbers import mask_number
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.triggers.twimlets import configured_response, twimlet_request
from shared.twiml.destinations import destinations_in
from shared.twiml.stages import find_stage, next_steps
from shared.twiml.text import render
from shared.twiml.twimlets import InboundEvent
from shared.twiml.twimlets.speech import apology, say_nothing
from shared.twiml.twimlets.voicemail import FILE, TRANSCRIBED, read_recording

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.forms import Form
    from shared.inbound.answers import ConfiguredAnswer
    from shared.twiml.twimlets import TwimletRequest

_NOBODY: Final = "Sorry, nobody can take your call at the moment. Good bye."

# The whole text, in any letter case: https://help.twilio.com/articles/223134027
_STOP: Final = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
_START: Final = ("START", "UNSTOP", "YES")
_START_TOLL_FREE: Final = ("START", "UNSTOP")
_HELP: Final = ("HELP", "INFO")
_TOLL_FREE: Final = tuple(f"+1{code}" for code in (800, 833, 844, 855, 866, 877, 888))
# What a reply to an alert begins with: every other text is answered without a look at alerts.
_MAY_ANSWER: Final = re.compile(r"\s*(ACK|A|E|R)\W*(\d|$)", re.IGNORECASE)
_EVENT_OF_KEYWORD: Final = {"STOP": "opt_out", "START": "opt_in"}


async def receive_call(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Answer a caller as the settings say; connect a client with the number that it calls.

    A `gather`, `record` or `dial` in the settings' steps comes back here, and a recording's
    callbacks may: the stage in our own query says so.
    """
    form = require_signed_form(req, app)
    settings, to = app.settings, form.get("To")
    request = twimlet_request(public_url(req, settings), form, settings)
    if request.stage in (FILE, TRANSCRIBED):
        event = read_recording(request, request.stage)
        await publish(app, [event] if event else [], form=form)
        return twiml_response(say_nothing().twiml)
    calls_out = form.get("From").startswith(CLIENT) and to not in ("", settings.twilio_from_number)
    answer = (find_own_answer if calls_out else find_answer)(to, "call", settings)
    if answer is not None and request.stage:
        return await _go_on(answer, request, app)
    if is_sid(form.get("CallSid"), "CA"):
        await publish(app, [_call_event(form)], form=form)
    if answer is not None:
        return await configured_response(answer, form, app)
    if calls_out:
        return twiml_response(await _connect(app, to, form.get("CallSid")))
    return twiml_response(apology(_NOBODY).twiml)


async def _go_on(answer: ConfiguredAnswer, request: TwimletRequest, app: App) -> func.HttpResponse:
    """Publish what came of a step of the settings' steps, and answer with those that follow."""
    from shared.inbound.results import read_stage
    from shared.twiml.steps import render_rest

    stage = find_stage([*answer.steps], request.stage)
    if stage is None:
        # The settings have changed during the call.
        return twiml_response(say_nothing().twiml)
    event = read_stage(request, stage)
    await publish(app, [event] if event else [], form=request.form)
    steps = next_steps(stage, request.one("Digits"), request.one("SpeechResult"))
    return twiml_response(render_rest(*steps, routes.inbound_stage_url))


async def _connect(app: App, to: str, call_sid: str) -> str:
    """Return TwiML that connects a client; a number takes a place under the daily caps."""
    twiml = dial_from_client(to, app.settings)
    if not app.settings.has_daily_caps:
        return twiml
    from shared.deliver.guards import Sending
    from shared.provider.provider import SendRequest

    for _, number in destinations_in(twiml):
        request = SendRequest(kind="call", to=number, sender=CLIENT)
        sending = Sending(request=request, job_id=call_sid, index=0, at=app.now())
        try:
            outcome = await app.guards.take_place(sending)
        except StorageUnavailableError:
            log("client_call_not_counted", level=logging.ERROR, to=mask_number(number))
            return refuse_number()
        if outcome is not None:
            log("guarded", sid=call_sid, code=outcome.code)
            return refuse_number()
    return twiml


async def receive_message(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Publish the text, then answer as the settings say.

    A reply to an alert, from somebody who was notified of it, is answered by what became of it.
    Twilio itself replies to stop, start and help: a reply of ours would be a second one.
    """
    form = require_signed_form(req, app)
    keyword = _keyword(form)
    said = None if keyword else await _answer_alert(app, form)
    if is_sid(_message_sid(form), "SM", "MM"):
        event = _message_event(form, _EVENT_OF_KEYWORD.get(keyword, "message"))
        await publish(app, [event], form=form)
    if said is not None:
        return twiml_response(_reply(said))
    answer = None if keyword else find_answer(form.get("To"), "message", app.settings)
    if answer is None:
        return twiml_response(say_nothing().twiml)
    return await configured_response(answer, form, app)


async def _answer_alert(app: App, form: Form) -> str | None:
    """Do what a text asks of an alert, and return the reply; None for an ordinary message."""
    if not _MAY_ANSWER.match(form.get("Body")):
        return None
    from shared.deliver.alert_answers import answer_reply

    return await answer_reply(app, form.get("From"), form.get("Body"))


def _reply(text: str) -> str:
    response = MessagingResponse()
    response.message(text)
    return render(response)


def _call_event(form: Form) -> InboundEvent:
    details = {"status": form.get("CallStatus")}
    return InboundEvent("call", form.get("CallSid"), form.get("From"), form.get("To"), details)


def _message_event(form: Form, event: str) -> InboundEvent:
    details: dict[str, object] = {
        "body": form.get("Body"),
        "media": [
            {"url": url, "content_type": form.get(f"MediaContentType{number}")}
            for number in range(_count(form.get("NumMedia")))
            if (url := form.get(f"MediaUrl{number}"))
        ],
    }
    if replied := form.get("OriginalRepliedMessageSid"):
        details["in_reply_to"] = replied
    return InboundEvent(event, _message_sid(form), form.get("From"), form.get("To"), details)


def _message_sid(form: Form) -> str:
    return form.get("MessageSid") or form.get("SmsSid")


def _keyword(form: Form) -> str:
    """Return STOP, START or HELP where the whole text is such a keyword, or Twilio says so."""
    if form.get("OptOutType") in (*_EVENT_OF_KEYWORD, "HELP"):
        return form.get("OptOutType")
    text = form.get("Body").strip().upper()
    start = _START_TOLL_FREE if form.get("To").startswith(_TOLL_FREE) else _START
    keywords = {"STOP": _STOP, "START": start, "HELP": _HELP}
    return next((keyword for keyword, texts in keywords.items() if text in texts), "")


def _count(text: str) -> int:
    """Read how many media a text has: at most 99."""
    return int(text) if re.fullmatch("[0-9]{1,2}", text) else 0
