"""`/api/twiml/{name}`: the twimlets, for nobody but Twilio; and the same inline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared import routes
from shared.errors import NotFoundError
from shared.phone_numbers import country_of, parse_number
from shared.triggers.responses import twiml_response
from shared.triggers.signed import public_url, require_signed_form
from shared.twiml.twimlets import TwimletRequest, answer_twimlet

if TYPE_CHECKING:
    import azure.functions as func

    from shared.app import App
    from shared.forms import Form
    from shared.inbound.answers import ConfiguredAnswer
    from shared.settings import Settings


async def twimlet(req: func.HttpRequest, app: App) -> func.HttpResponse:
    """The TwiML that a twimlet answers."""
    form = require_signed_form(req, app)
    request = twimlet_request(public_url(req, app.settings), form, app.settings)
    reply = await _reply(req.route_params["name"], request, app)
    if request.entry:
        from shared.inbound.results import record_results

        await record_results(app, request.entry, request.url, form)
    return reply


async def configured_response(answer: ConfiguredAnswer, form: Form, app: App) -> func.HttpResponse:
    """What the settings say, to a caller or a text; a twimlet is answered inline."""
    if answer.twiml:
        return twiml_response(answer.twiml)
    url = routes.twimlet_url(app.settings.public_base_url, answer.page)
    request = twimlet_request(url, form, app.settings)
    return await _reply(answer.page.partition("?")[0], request, app)


async def _reply(name: str, request: TwimletRequest, app: App) -> func.HttpResponse:
    """A twimlet's answer, after what it has for others than the caller was passed on."""
    answer = answer_twimlet(name, request)
    if answer is None:
        raise NotFoundError("there is no twimlet of this name")
    if answer.events or answer.texts:
        from shared.inbound.events import publish

        await publish(app, answer.events, answer.texts)
    return twiml_response(answer.twiml)


def twimlet_request(url: str, form: Form, settings: Settings) -> TwimletRequest:
    """A request as the twimlets read it."""
    return TwimletRequest(
        url=url,
        form=form,
        read_number=partial(_number, settings),
        sender=settings.twilio_from_number,
    )


def _number(settings: Settings, text: str) -> str:
    """A number, national ones as the default sender's country writes them."""
    sender = settings.twilio_from_number
    return parse_number(text, country=country_of(sender) if sender else None)
