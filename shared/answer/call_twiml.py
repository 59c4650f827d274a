"""The TwiML of an outgoing call that is too long to travel with the call itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shared import routes
from shared.answer.results import note_results
from shared.answer.signed import public_url, signed_form
from shared.errors import NotFoundError
from shared.http_replies import twiml_reply
from shared.ledger import entry_id

if TYPE_CHECKING:
    import azure.functions as func

    from shared.gateway import Gateway


async def script(req: func.HttpRequest, gateway: Gateway) -> func.HttpResponse:
    """What the call says, from the request that was accepted."""
    from shared.accept.request import CallRequest
    from shared.answer.call_script import call_script

    form = signed_form(req, gateway)
    place = entry_id.parse(req.route_params["id"])
    entry = await gateway.ledger.find(place.job_id) if place else None
    if entry is None or entry.accepted is None or entry.accepted.kind != "call":
        raise NotFoundError("there is no call of this id")
    twiml = call_script(msgspec.json.decode(entry.accepted.request, type=CallRequest))
    if twiml is None:
        raise NotFoundError("this call brings its own TwiML")
    url = public_url(req, gateway.settings)
    await note_results(gateway, req.route_params["id"], url, form)
    base = gateway.settings.public_base_url
    return twiml_reply(routes.with_entry(twiml, base, req.route_params["id"]))
