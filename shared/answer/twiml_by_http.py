"""`/api/twiml/{name}`: the twimlets, for nobody but Twilio."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared.answer.signed import public_url, signed_form
from shared.answer.twimlets import TwimletRequest, answer_twimlet
from shared.errors import NotFoundError
from shared.http_replies import twiml_reply
from shared.phone_number import country_of, read_number

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway
    from shared.settings import Settings


async def twimlet(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """The TwiML that a twimlet answers."""
    form = signed_form(req, gateway)
    settings = gateway.settings
    request = TwimletRequest(
        url=public_url(req, settings),
        form=form,
        read_number=partial(_number, settings),
        sender=settings.twilio_from_number,
    )
    answer = answer_twimlet(req.route_params["name"], request)
    if answer is None:
        raise NotFoundError("there is no twimlet of this name")
    return twiml_reply(answer.twiml)


def _number(settings: Settings, text: str) -> str:
    """A number, national ones as the default sender's country writes them."""
    sender = settings.twilio_from_number
    return read_number(text, country=country_of(sender) if sender else None)
