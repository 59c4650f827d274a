"""`/api/twiml/{name}`: the twimlets, for nobody but Twilio; and the same inline."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared import routes
from shared.answer.signed import public_url, signed_form
from shared.answer.twimlets import TwimletRequest, answer_twimlet
from shared.errors import NotFoundError
from shared.http_replies import twiml_reply
from shared.imports import imported_when_used
from shared.phone_number import country_of, read_number

with imported_when_used():
    from shared.answer import inbound, results

if TYPE_CHECKING:
    import azure.functions as func

    from shared.answer.configured import Configured
    from shared.answer.form import Form
    from shared.gateway import Gateway
    from shared.settings import Settings


async def twimlet(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """The TwiML that a twimlet answers."""
    form = signed_form(req, gateway)
    request = asked(public_url(req, gateway.settings), form, gateway.settings)
    reply = await _reply(req.route_params["name"], request, gateway)
    if request.entry:
        await results.note_results(gateway, request.entry, request.url, form)
    return reply


async def configured_reply(answer: Configured, form: Form, gateway: Gateway) -> func.HttpResponse:
    """What the settings say, to a caller or a text; a twimlet is answered inline."""
    if answer.twiml:
        return twiml_reply(answer.twiml)
    url = routes.twimlet(gateway.settings.public_base_url, answer.page)
    request = asked(url, form, gateway.settings)
    return await _reply(answer.page.partition("?")[0], request, gateway)


async def _reply(name: str, request: TwimletRequest, gateway: Gateway) -> func.HttpResponse:
    """A twimlet's answer, after what it has for others than the caller was passed on."""
    answer = answer_twimlet(name, request)
    if answer is None:
        raise NotFoundError("there is no twimlet of this name")
    if answer.events or answer.texts:
        await inbound.pass_on(gateway, answer.events, answer.texts)
    return twiml_reply(answer.twiml)


def asked(url: str, form: Form, settings: Settings) -> TwimletRequest:
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
    return read_number(text, country=country_of(sender) if sender else None)
