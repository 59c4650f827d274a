"""`/api/twiml/{name}`: the twimlets, for nobody but Twilio; and the same inline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared import routes
from shared.errors import NotFoundError, SignatureError
from shared.log import log
from shared.phone_numbers import NumberError, country_of, parse_number, require_dialable
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.twiml.twimlets import TWIMLETS, TwimletRequest, answer_twimlet

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.forms import Form
    from shared.inbound.answers import ConfiguredAnswer
    from shared.settings import Settings


async def twimlet(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """Return the TwiML of a twimlet.

    A Twilio Client is answered by POST only: in the query of a GET its own fields could not be
    told from ours, and would dial for it.
    """
    form = require_signed_form(req, app)
    request = twimlet_request(public_url(req, app.settings), form, app.settings)
    if request.is_from_client and req.method.upper() == "GET":
        log("client_by_get", name=req.route_params["name"])
        raise SignatureError("a Twilio Client is answered by POST only: set the method to POST")
    response = await _respond(req.route_params["name"], request, app)
    if request.entry:
        from shared.inbound.results import record_results

        await record_results(app, request.entry, request.url, form)
    return response


async def configured_response(answer: ConfiguredAnswer, form: Form, app: App) -> func.HttpResponse:
    """Return what the settings say, to a caller or a text; a twimlet is answered inline."""
    if answer.twiml:
        return twiml_response(answer.twiml)
    url = routes.twimlet_url(app.settings.public_base_url, answer.page)
    request = twimlet_request(url, form, app.settings)
    return await _respond(answer.page.partition("?")[0], request, app)


async def _respond(name: str, request: TwimletRequest, app: App) -> func.HttpResponse:
    """Return a twimlet's answer, after what it has for others than the caller was passed on."""
    answer = answer_twimlet(name, request)
    if answer is None:
        raise NotFoundError(f"there is no such twimlet; these are: {', '.join(TWIMLETS)}")
    if answer.events or answer.texts:
        from shared.inbound.events import publish

        await publish(app, answer.events, answer.texts, form=request.form)
    return twiml_response(answer.twiml)


def twimlet_request(url: str, form: Form, settings: Settings) -> TwimletRequest:
    """Return a request as the twimlets read it."""
    return TwimletRequest(
        url=url,
        form=form,
        read_number=partial(_number, settings),
        may_dial=partial(_may_dial, settings),
        sender=settings.twilio_from_number,
        recordings_base=settings.twilio_api_base_url,
    )


def _number(settings: Settings, text: str) -> str:
    """Return a number, national ones as the default sender's country writes them."""
    sender = settings.twilio_from_number
    return parse_number(text, country=country_of(sender) if sender else None)


def _may_dial(settings: Settings, number: str) -> bool:
    """Tell whether a number may be called: by the rules for numbers in a call's own TwiML."""
    try:
        require_dialable(number, settings.allowed_countries)
    except NumberError:
        return False
    return True
